//! A connection that sends garbage, and comes again when it is ended.
//!
//! Half of the time it says a proper hello first, so that the garbage also meets a
//! session in play. Its rate is bounded: it is to be wrong, not to be a flood.

use super::Shared;
use super::noise::Noise;
use crate::bot::Bot;
use crate::ending::Ending;
use crate::join::{connect, join};
use crate::last_words::LastWords;
use crate::seeds::generator;
use crate::view::Pool;
use rand::RngExt;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until, timeout};

/// From one message to the next.
const BETWEEN: Duration = Duration::from_millis(100);
/// From the end of one connection to the next, at least, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 500..1500;
/// Salt: what garbage is sent does not depend on how bots play.
const GARBAGE: u64 = 0x6A3B;

/// Runs until it is dropped.
pub(super) async fn run<B: Bot>(shared: &Shared, number: u32) {
    let mut rng = generator(shared.plan.seed ^ GARBAGE, number);
    let mut noise = Noise::new::<B::Wire>(generator(shared.plan.seed ^ !GARBAGE, number));
    sleep_until(shared.window.start.into()).await;
    loop {
        // First of all: nobody begins in step with the others.
        sleep(Duration::from_millis(rng.random_range(PAUSE_MS))).await;
        let says_hello = rng.random_bool(0.5);
        let ending = visit::<B>(shared, number, says_hello, &mut noise).await;
        let label = match ending {
            Ok(ending) | Err(ending) => ending.label,
        };
        let mut counted = shared.counted.borrow_mut();
        *counted.garbage_ended.entry(label.into_owned()).or_default() += 1;
    }
}

/// One connection, until the server ends it.
async fn visit<B: Bot>(
    shared: &Shared,
    number: u32,
    says_hello: bool,
    noise: &mut Noise,
) -> Result<Ending, Ending> {
    let (plan, address) = (&shared.plan, shared.address);
    let socket = if says_hello {
        join::<B::Wire>(plan, address, number, None, Pool::default())
            .await?
            .0
    } else {
        connect(plan, address, number).await?
    };
    shared.counted.borrow_mut().garbage_connections += 1;
    let stream = socket.get_ref().get_ref().tcp();
    let mut heard = LastWords::default();
    loop {
        let sent = send(stream, noise.next()).await;
        shared.counted.borrow_mut().garbage_messages += 1;
        let over = timeout(BETWEEN, heard.read_out(stream)).await;
        if over.is_ok() || sent.is_err() {
            return Ok(heard.ending());
        }
    }
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
