//! Bots that stop playing and keep their socket.
//!
//! Owns how a bot stalls or trickles, and how it notices, without reading, that
//! the server has ended the connection: the kernel tells. Called by the bot.

use super::Life;
use crate::bot::Bot;
use crate::last_words::LastWords;
use crate::measure::{Ended, Hang, Tally};
use crate::scenario::Role;
use futures_util::FutureExt;
use std::io;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{interval, sleep, timeout};

/// How often a hanging bot looks whether its connection is still there.
const LOOK: Duration = Duration::from_millis(50);
/// From one byte of a trickling bot to the next.
const TRICKLE: Duration = Duration::from_secs(1);
/// How long it may take to read what the server had said before it ended.
const READ_OUT: Duration = Duration::from_secs(1);

impl<B: Bot> Life<'_, B> {
    /// Hangs until the server ends the connection, or all bots leave.
    pub(super) async fn hang(mut self) -> Tally {
        let mut leave = self.shared.leave.clone();
        let start = Instant::now();
        let message = self.one_message();
        let stream = self.socket.get_ref().get_ref().tcp();
        let hung = async {
            match self.tally.role {
                Role::Trickles => tokio::select! {
                    () = trickle(stream, &message) => {}
                    () = is_over(stream) => {}
                },
                Role::Stalls(_) | Role::Honest => is_over(stream).await,
            }
        };
        let ended = tokio::select! {
            biased;
            () = hung => {
                let after = start.elapsed();
                let mut heard = LastWords::default();
                // In vain if the end was a reset that took the words with it.
                let _ = timeout(READ_OUT, heard.read_out(stream)).await;
                Some(Ended { after, label: heard.ending().label })
            }
            // An error means that the swarm itself is gone: leave, too.
            _ = leave.wait_for(|leave| *leave) => None,
        };
        self.tally.hang = Some(Hang { ended });
        self.tally
    }

    /// A frame with one ping: what a trickling bot sends, over and over.
    fn one_message(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        // These types are always encodable; without a payload it is an empty frame.
        let _ = self.player.ping(self.pings, &mut payload);
        // A mask of zeros leaves the payload as it is (RFC 6455 section 5.3).
        let mut frame = vec![0x82, 0x80 | payload.len() as u8, 0, 0, 0, 0];
        frame.append(&mut payload);
        frame
    }
}

/// Returns when the other side has ended the connection, read or not.
async fn is_over(stream: &TcpStream) {
    loop {
        // What is readable has always been: it is the end that is looked for.
        let ready = stream
            .ready(Interest::READABLE | Interest::ERROR)
            .now_or_never();
        match ready {
            Some(Ok(ready)) if ready.is_read_closed() || ready.is_error() => return,
            Some(Err(_)) => return,
            _ => sleep(LOOK).await,
        }
    }
}

/// Reads and sends a byte a second, until that fails.
async fn trickle(stream: &TcpStream, message: &[u8]) {
    let mut seconds = interval(TRICKLE);
    for byte in message.iter().cycle() {
        seconds.tick().await;
        let read = stream.try_read(&mut [0]);
        let sent = stream.try_write(std::slice::from_ref(byte));
        if matches!(read, Ok(0)) || is_lost(&read) || is_lost(&sent) {
            return;
        }
    }
}

fn is_lost(done: &io::Result<usize>) -> bool {
    matches!(done, Err(error) if error.kind() != io::ErrorKind::WouldBlock)
}
