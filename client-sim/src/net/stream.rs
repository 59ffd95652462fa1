//! A stream over a line with conditions.
//!
//! Without conditions it is the stream below and costs nothing. With them, what is
//! written waits in one lane and what is read in the other. Both move whenever the
//! stream is read, as a bot always does; what was written goes out only then.

use super::Conditions;
use super::lane::{Lane, Stalled};
use crate::seeds::generator;
use bytes::{Buf, Bytes};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What is read at once: about what a segment carries, so that a slow line lets a
/// large message through little by little.
const SEGMENT: usize = 1460;
/// Salt: how a bot plays does not depend on its line.
const LINE: u64 = 0x11E7;

/// See the module.
#[derive(Debug)]
pub(crate) struct Net<S> {
    inner: S,
    line: Option<Box<Line>>,
}

#[derive(Debug)]
struct Line {
    down: Lane,
    up: Lane,
    stalled: Stalled,
    /// Rings when something arrives, at either end.
    timer: Pin<Box<Sleep>>,
    /// How the stream below ended, and when that arrives.
    end: Option<(Instant, io::Result<()>)>,
}

impl<S> Net<S> {
    /// The line of bot `number`.
    pub(crate) fn new(inner: S, conditions: Option<Conditions>, seed: u64, number: u32) -> Self {
        let line = conditions.map(|conditions| {
            let now = Instant::now();
            let rng = |lane| generator(seed ^ LINE ^ lane, number);
            Box::new(Line {
                down: Lane::new(conditions, rng(1 << 32), now),
                up: Lane::new(conditions, rng(2 << 32), now),
                stalled: Stalled::new(conditions, rng(3 << 32), now),
                timer: Box::pin(sleep_until(now)),
                end: None,
            })
        });
        Self { inner, line }
    }

    /// The stream below.
    pub(crate) fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl Line {
    /// Takes what the stream below has, as far as there is room.
    fn fill<S: AsyncRead + Unpin>(&mut self, inner: &mut S, cx: &mut Context<'_>) {
        while self.end.is_none() && self.down.room() > 0 {
            let mut bytes = [0; SEGMENT];
            let size = SEGMENT.min(self.down.room());
            let mut segment = ReadBuf::new(&mut bytes[..size]);
            let Poll::Ready(read) = Pin::new(&mut *inner).poll_read(cx, &mut segment) else {
                return;
            };
            let now = Instant::now();
            let got = segment.filled();
            match read {
                Ok(()) if !got.is_empty() => {
                    let piece = Bytes::copy_from_slice(got);
                    self.down.put(now, piece, &mut self.stalled);
                }
                ended => {
                    let due = self.down.arrival(now, 0, &mut self.stalled);
                    self.end = Some((due, ended));
                }
            }
        }
    }

    /// Hands what has crossed the line to the stream below.
    fn drain<S: AsyncWrite + Unpin>(
        &mut self,
        inner: &mut S,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let now = Instant::now();
        while let Some(piece) = self.up.arrived(now) {
            match Pin::new(&mut *inner).poll_write(cx, piece) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    piece.advance(count);
                    self.up.took(count);
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        match Pin::new(inner).poll_flush(cx) {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether something arrives by now; if not, the task is woken when it does.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let end = self.end.as_ref().map(|(due, _)| *due);
        let down = self.down.next().or(end);
        // What has arrived and was not taken waits for the socket, not for the clock.
        let now = Instant::now();
        let up = self.up.next().filter(|due| *due > now);
        let Some(next) = down.into_iter().chain(up).min() else {
            return false;
        };
        self.timer.as_mut().reset(next);
        self.timer.as_mut().poll(cx).is_ready()
    }

    fn read(&mut self, buf: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        let now = Instant::now();
        if let Some(piece) = self.down.arrived(now) {
            let count = piece.len().min(buf.remaining());
            buf.put_slice(&piece[..count]);
            piece.advance(count);
            self.down.took(count);
            return Some(Ok(()));
        }
        let is_empty = self.down.next().is_none();
        let (due, end) = self.end.as_ref()?;
        if !is_empty || *due > now {
            return None;
        }
        // Told again if it is asked for again.
        Some(match end {
            Ok(()) => Ok(()),
            Err(error) => Err(error.kind().into()),
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Net<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, line } = self.get_mut();
        let Some(line) = line else {
            return Pin::new(inner).poll_read(cx, buf);
        };
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if let Err(error) = line.drain(inner, cx) {
                return Poll::Ready(Err(error));
            }
            line.fill(inner, cx);
            if let Some(read) = line.read(buf) {
                return Poll::Ready(read);
            }
            if !line.is_due(cx) {
                return Poll::Pending;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Net<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { inner, line } = self.get_mut();
        let Some(line) = line else {
            return Pin::new(inner).poll_write(cx, bytes);
        };
        line.drain(inner, cx)?;
        let count = bytes.len().min(line.up.room());
        if count == 0 {
            // The timer wakes the task, and so does the socket.
            line.is_due(cx);
            return Poll::Pending;
        }
        let piece = Bytes::copy_from_slice(&bytes[..count]);
        line.up.put(Instant::now(), piece, &mut line.stalled);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, line } = self.get_mut();
        match line {
            None => Pin::new(inner).poll_flush(cx),
            // On its way: a kernel says no more than that.
            Some(line) => Poll::Ready(line.drain(inner, cx)),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, line } = self.get_mut();
        if let Some(line) = line {
            line.drain(inner, cx)?;
            if line.up.next().is_some() {
                line.is_due(cx);
                return Poll::Pending;
            }
        }
        ready!(Pin::new(inner).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::lane::CAPACITY;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    fn line(text: &str) -> (Net<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(1 << 20);
        (Net::new(near, Some(text.parse().unwrap()), 1, 1), far)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_either_way_comes_after_the_delay() {
        let (mut near, mut far) = line("delay=100ms");
        let start = Instant::now();
        far.write_all(b"hello").await.unwrap();
        let mut bytes = [0; 5];
        near.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hello");
        assert_eq!(start.elapsed().as_millis(), 100);

        near.write_all(b"there").await.unwrap();
        near.flush().await.unwrap();
        assert_eq!(start.elapsed().as_millis(), 100, "writing does not wait");
        let (got, read) = tokio::join!(
            async {
                far.read_exact(&mut bytes).await.unwrap();
                let got = start.elapsed().as_millis();
                far.write_all(b"x").await.unwrap();
                got
            },
            async { near.read_u8().await.unwrap() }
        );
        assert_eq!((&bytes, read), (b"there", b'x'));
        // The clock of the runtime counts whole milliseconds, and rounds up.
        assert!((200..=201).contains(&got), "{got}");
        assert!((300..=302).contains(&start.elapsed().as_millis()));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_lost_or_out_of_order_whatever_the_line() {
        let (mut near, mut far) = line("delay=30ms,jitter=30ms,stall=1s@30%,rate=50KB/s");
        let sent: Vec<u8> = (0..200_000u32).map(|n| (n * 7 % 251) as u8).collect();
        let copy = sent.clone();
        let sending = tokio::spawn(async move {
            for piece in copy.chunks(777) {
                far.write_all(piece).await.unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
        let start = Instant::now();
        let mut got = Vec::new();
        near.read_to_end(&mut got).await.unwrap();
        assert!(got == sent, "{} of {} bytes", got.len(), sent.len());
        sending.await.unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert!(
            (4.0..20.0).contains(&seconds),
            "{seconds} s for 4 s of line"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_line_takes_no_more_from_either_side() {
        let (near, mut far) = duplex(1024);
        let mut near = Net::new(near, Some("rate=1KB/s".parse().unwrap()), 1, 1);
        // Whoever sends is held back, once the line and the pipe are full.
        let sending = tokio::spawn(async move {
            let mut sent = 0;
            let piece = [7; 512];
            while tokio::time::timeout(Duration::from_secs(5), far.write_all(&piece))
                .await
                .is_ok()
            {
                sent += piece.len();
            }
            sent
        });
        // Read a byte, so that the line fills; then no more.
        near.read_u8().await.unwrap();
        let sent = sending.await.unwrap();
        assert!((CAPACITY..=CAPACITY + 4096).contains(&sent), "{sent} bytes");

        let (mut near, _far) = line("rate=1KB/s");
        let mut sent = 0;
        while tokio::time::timeout(Duration::from_millis(10), near.write_all(&[7; 512]))
            .await
            .is_ok()
        {
            sent += 512;
        }
        assert_eq!(sent, CAPACITY);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_arrives_after_what_was_sent_before_it() {
        let (mut near, mut far) = line("delay=100ms,rate=10KB/s");
        far.write_all(&[1; 1000]).await.unwrap();
        drop(far);
        let start = Instant::now();
        let mut got = Vec::new();
        near.read_to_end(&mut got).await.unwrap();
        assert_eq!(got.len(), 1000);
        assert!(start.elapsed() >= Duration::from_millis(200));
    }

    #[tokio::test]
    async fn without_conditions_it_is_the_stream_below() {
        let (near, mut far) = duplex(64);
        let mut near = Net::new(near, None, 1, 1);
        near.write_all(b"ab").await.unwrap();
        let mut bytes = [0; 2];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ab");
    }
}
