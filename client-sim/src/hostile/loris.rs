//! A connection that sends one byte of its request's head a second, and never
//! comes to the end (known as slow-loris).

use super::Shared;
use crate::ending::Ending;
use crate::last_words::LastWords;
use crate::measure::{Ended, Hang};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, sleep_until};
use tokio_tungstenite::tungstenite::Error as WsError;

/// From one byte to the next.
const BYTE: Duration = Duration::from_secs(1);
/// How the head begins.
const HEAD: &[u8] = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
/// How it goes on, for ever.
const MORE: u8 = b'a';

/// Runs until the server ends it, or it is dropped. Comes in along the ramp.
pub(super) async fn run(shared: &Shared, number: u32) {
    let after = Duration::from_secs_f64(f64::from(number) / shared.plan.groups[0].ramp);
    sleep_until((shared.window.start + after).into()).await;
    let at = shared.counted.borrow().loris.len();
    shared.counted.borrow_mut().loris.push(Hang::default());
    let start = Instant::now();
    let ending = creep(shared).await;
    shared.counted.borrow_mut().loris[at].ended = Some(Ended {
        after: start.elapsed(),
        label: ending.label,
    });
}

/// Gives back how it ended.
async fn creep(shared: &Shared) -> Ending {
    let stream = match TcpStream::connect(shared.address).await {
        Ok(stream) => stream,
        Err(error) => return Ending::from_socket(WsError::Io(error)),
    };
    let mut head = HEAD.iter().copied().chain(std::iter::repeat(MORE));
    let mut seconds = interval(BYTE);
    let mut heard = LastWords::default();
    loop {
        tokio::select! {
            biased;
            () = heard.read_out(&stream) => return heard.ending(),
            _ = seconds.tick() => {
                // If it fails, reading has come to the end as well.
                let _ = stream.try_write(&[head.next().unwrap_or(MORE)]);
            }
        }
    }
}
