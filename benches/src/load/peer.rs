//! One player of the load: his socket, from the connection to the last snapshot.

use super::pilot::Pilot;
use super::{Counts, Plan, Target};
use crate::wire;
use anyhow::{Result, anyhow, bail};
use downbeat_protocol::arena::{ArenaWire, Input};
use downbeat_protocol::message::{Hello, schema_hash};
use downbeat_protocol::{ClientMessage, PROTOCOL_VERSION, Seq, ServerMessage, Tick, codec};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

/// See the module's doc.
#[derive(Debug)]
pub(super) struct Peer {
    stream: TcpStream,
    stage: Stage,
    pilot: Pilot,
    /// What follows the request: the hello, for a server that wants one.
    first: Vec<u8>,
    /// A frame that has not come in whole.
    carry: Vec<u8>,
    out: Vec<u8>,
    /// The last snapshot's.
    tick: Tick,
    seq: Seq,
    arrival: Option<Instant>,
    /// Bytes since the last snapshot.
    fresh: u64,
}

/// How far a player has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The connection is being made; then the request goes out.
    Connecting,
    /// The answer to the request is awaited; then the hello goes out.
    Upgrading,
    /// The welcome is awaited.
    Joining,
    /// He plays.
    Playing,
}

impl Peer {
    pub(super) fn connect(
        plan: &Plan,
        number: usize,
        registry: &Registry,
        token: Token,
    ) -> Result<Self> {
        let mut stream = TcpStream::connect(plan.address)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let mut pilot = Pilot::new(plan.seed, number);
        let mut first = Vec::new();
        if let Target::Downbeat { rooms } = plan.target {
            let hello = ClientMessage::<Input>::Hello(Hello {
                version: PROTOCOL_VERSION,
                schema: schema_hash::<ArenaWire>(),
                room: format!("room-{}", number % rooms.max(1)),
                name: format!("load {number}"),
                token: None,
                resume: None,
            });
            wire::put_masked(&codec::encode(&hello)?, pilot.key(), &mut first);
        }
        let request = wire::upgrade_request(&plan.address.to_string(), "/ws");
        Ok(Self {
            stream,
            stage: Stage::Connecting,
            pilot,
            first,
            carry: Vec::new(),
            out: request.into_bytes(),
            tick: Tick(0),
            seq: Seq(0),
            arrival: None,
            fresh: 0,
        })
    }

    pub(super) fn is_playing(&self) -> bool {
        self.stage == Stage::Playing
    }

    /// The next snapshot's gap does not count.
    pub(super) fn forget_arrival(&mut self) {
        self.arrival = None;
    }

    /// The socket can be read or, at first, written.
    ///
    /// # Errors
    /// If the connection ends, or the server says what it must not.
    pub(super) fn ready(
        &mut self,
        scratch: &mut [u8],
        now: Instant,
        mut counts: Option<&mut Counts>,
    ) -> Result<()> {
        if self.stage == Stage::Connecting {
            if let Some(error) = self.stream.take_error()? {
                return Err(error.into());
            }
            self.stream.set_nodelay(true)?;
            match self.stream.write(&self.out) {
                Ok(_) => self.stage = Stage::Upgrading,
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            return Ok(());
        }
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.carry.is_empty() {
                let used = self.take(&scratch[..read], now, &mut counts)?;
                self.carry.extend_from_slice(&scratch[used..read]);
            } else {
                let mut bytes = std::mem::take(&mut self.carry);
                bytes.extend_from_slice(&scratch[..read]);
                let used = self.take(&bytes, now, &mut counts)?;
                bytes.drain(..used);
                self.carry = bytes;
            }
            if read < scratch.len() {
                return Ok(());
            }
        }
    }

    /// Takes what is whole at the front of `bytes`; says how much that was.
    fn take(
        &mut self,
        bytes: &[u8],
        now: Instant,
        counts: &mut Option<&mut Counts>,
    ) -> Result<usize> {
        let mut used = 0;
        if self.stage == Stage::Upgrading {
            let Some(head) = wire::head_len(bytes) else {
                return Ok(0);
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                bail!("refused: {}", String::from_utf8_lossy(&bytes[..head]));
            }
            used = head;
            self.stage = if self.first.is_empty() {
                Stage::Playing
            } else {
                self.stream.write_all(&std::mem::take(&mut self.first))?;
                Stage::Joining
            };
        }
        while let Some(frame) = wire::frame(&bytes[used..]) {
            if frame.is_close {
                bail!("the server said good-bye");
            }
            used += frame.len;
            self.fresh += frame.len as u64;
            self.message(frame.payload, now, counts)?;
        }
        Ok(used)
    }

    fn message(
        &mut self,
        bytes: &[u8],
        now: Instant,
        counts: &mut Option<&mut Counts>,
    ) -> Result<()> {
        match bytes.first() {
            Some(0) => {
                let ServerMessage::<ArenaWire>::Welcome(welcome) = codec::decode(bytes)? else {
                    bail!("no welcome");
                };
                self.tick = welcome.tick;
                self.seq = welcome.applied;
                self.stage = Stage::Playing;
            }
            Some(1) => {
                let (elapsed, _) =
                    wire::varint(&bytes[1..]).ok_or_else(|| anyhow!("no elapsed ticks"))?;
                self.tick = self.tick.plus(elapsed);
                let fresh = std::mem::take(&mut self.fresh);
                let last = self.arrival.replace(now);
                if let Some(counts) = counts {
                    counts.snapshots += 1;
                    counts.bytes += fresh;
                    counts.sizes.record(fresh)?;
                    if let Some(last) = last {
                        counts.gaps.record((now - last).as_micros() as u64)?;
                    }
                }
            }
            // Events and pongs count as bytes of the next snapshot.
            Some(2 | 3) => {}
            _ => bail!("bye, or nothing known: {bytes:?}"),
        }
        Ok(())
    }

    /// Sends the next input, or a ping.
    ///
    /// # Errors
    /// If the connection is gone.
    pub(super) fn speak(&mut self, plan: &Plan, counts: Option<&mut Counts>) -> Result<()> {
        if self.stage != Stage::Playing {
            return Ok(());
        }
        let message = if plan.is_idle {
            ClientMessage::Ping {
                nonce: 0,
                received: self.tick,
            }
        } else {
            self.seq = self.seq.next();
            ClientMessage::Input {
                seq: self.seq,
                tick: self.tick.plus(2),
                received: self.tick,
                input: self.pilot.next(),
            }
        };
        let payload = codec::encode(&message)?;
        self.out.clear();
        wire::put_masked(&payload, self.pilot.key(), &mut self.out);
        match self.stream.write(&self.out) {
            Ok(written) if written == self.out.len() => {}
            // The server does not read: then nothing that follows is of any use.
            Ok(_) => bail!("the server does not read"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bail!("the server does not read")
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(counts) = counts {
            counts.inputs += 1;
            counts.input_bytes += self.out.len() as u64;
        }
        Ok(())
    }
}
