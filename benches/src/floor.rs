//! The floor: a server that does nothing but its system calls.
//!
//! One thread, one epoll, no runtime: it accepts, answers the handshake, and at
//! each tick sends one frame to every socket; what clients send is read and
//! forgotten. Whatever a real server costs more than this is its own. It refuses
//! whatever is no upgrade. Run as a process of its own, so that its CPU time can be
//! read like any other server's.

use crate::wire;
use anyhow::Result;
use downbeat::world::Schedule;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const LISTENER: Token = Token(usize::MAX);
/// What is read at once at most; an input has some 20 bytes.
const READ: usize = 4096;

/// A floor that listens.
#[derive(Debug)]
pub struct Floor {
    poll: Poll,
    listener: TcpListener,
    /// A whole frame each.
    frames: Vec<Vec<u8>>,
    peers: Vec<Option<Peer>>,
    rate: u32,
}

#[derive(Debug)]
struct Peer {
    stream: TcpStream,
    /// Until the handshake is answered: what came of it.
    head: Option<Vec<u8>>,
    /// What the socket did not take at the last tick.
    rest: Vec<u8>,
}

impl Floor {
    /// Binds `address`. Each tick, `rate` per second, a socket gets a frame of one
    /// of `sizes` bytes (header included, at least 4), in turn.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub fn bind(address: SocketAddr, rate: u32, sizes: &[usize]) -> Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(address)?;
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            frames: sizes.iter().map(|size| snapshot_frame(*size)).collect(),
            peers: Vec::new(),
            rate,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` is set, which is looked at once per tick.
    ///
    /// # Errors
    /// If epoll fails; a peer's failure ends that peer only.
    pub fn run(mut self, stop: &AtomicBool) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut schedule = Schedule::new(Instant::now(), self.rate);
        let mut scratch = [0; READ];
        let mut tick = 0;
        while !stop.load(Ordering::Relaxed) {
            let wait = schedule.next().saturating_duration_since(Instant::now());
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(index) => self.read(index, &mut scratch),
                }
            }
            if schedule.due(Instant::now()).ticks > 0 {
                tick += 1;
                self.send(tick);
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            stream.set_nodelay(true)?;
            let token = Token(self.peers.len());
            let registry = self.poll.registry();
            registry.register(&mut stream, token, Interest::READABLE)?;
            self.peers.push(Some(Peer {
                stream,
                head: Some(Vec::new()),
                rest: Vec::new(),
            }));
        }
    }

    /// Reads what there is. A read that does not fill the buffer has emptied the
    /// socket (epoll(7)), so nearly always there is one system call.
    fn read(&mut self, index: usize, scratch: &mut [u8]) {
        let Some(peer) = &mut self.peers[index] else {
            return;
        };
        loop {
            match peer.stream.read(scratch) {
                Ok(read) if read > 0 => {
                    if peer.head.is_some() && !peer.answer(&scratch[..read]) {
                        break;
                    }
                    if read < scratch.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                _ => break,
            }
        }
        self.peers[index] = None;
    }

    fn send(&mut self, tick: usize) {
        for (index, slot) in self.peers.iter_mut().enumerate() {
            let Some(peer) = slot else { continue };
            if peer.head.is_some() {
                continue;
            }
            let frame = &self.frames[(index + tick) % self.frames.len()];
            let is_behind = !peer.rest.is_empty();
            let bytes = if is_behind { &peer.rest } else { frame };
            match peer.stream.write(bytes) {
                Ok(written) if written == bytes.len() => peer.rest.clear(),
                // The frame was begun and must be ended; the next one is skipped.
                Ok(written) => peer.rest = bytes[written..].to_vec(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => *slot = None,
            }
        }
    }
}

impl Peer {
    /// Takes a part of the handshake; `false` if it is none.
    fn answer(&mut self, bytes: &[u8]) -> bool {
        let Some(head) = &mut self.head else {
            return true;
        };
        head.extend_from_slice(bytes);
        let Some(end) = wire::head_len(head) else {
            return head.len() < READ;
        };
        let Some(answer) = wire::upgrade_answer(&head[..end]) else {
            return false;
        };
        self.head = None;
        // Some hundred bytes into an empty socket buffer always fit.
        self.stream.write_all(&answer).is_ok()
    }
}

/// A frame of `size` bytes that looks like a snapshot of one tick: variant 1, one
/// tick elapsed, and bytes without a meaning.
fn snapshot_frame(size: usize) -> Vec<u8> {
    let mut payload = vec![0x55; wire::payload_len(size.max(4))];
    payload[..2].copy_from_slice(&[1, 1]);
    let mut frame = Vec::with_capacity(size);
    wire::put_frame(&payload, &mut frame);
    frame
}
