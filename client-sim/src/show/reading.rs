//! From records to what they mean: decodes each message and follows the client's
//! mirror through the recording.
//!
//! Owns what a reader of a recording must keep: the mirror, the numbers of inputs,
//! open pings, and whether the mirror can still be trusted. Refuses nothing: what
//! cannot be understood is a [`Meaning`], too. Called by `show`.

use super::autopsy::{self, Finding};
use super::snapshot::{self, Check, Seen};
use crate::tape::What;
use crate::tape::read::Record;
use downbeat_protocol::codec;
use downbeat_protocol::message::{Welcome, Wire};
use downbeat_protocol::{ClientMessage, Mirror, Seq, ServerMessage, Tick};
use std::collections::VecDeque;

/// Pings that may be open; a server that answers none must not grow the reader.
const OPEN_PINGS: usize = 64;

/// What one record means.
#[derive(Clone, Debug)]
pub(super) enum Meaning<W: Wire> {
    /// From the client.
    Client(ClientMessage<W::Input>),
    Welcome(Box<Welcome<W>>),
    Snapshot(Box<Seen<W>>),
    Event(W::Event),
    Pong {
        nonce: u32,
        /// µs since the ping.
        after: Option<u64>,
    },
    Bye {
        code: u16,
        text: String,
        retry_after_ms: Option<u32>,
    },
    /// A close frame's code, if it had one, and text.
    Close {
        code: Option<u16>,
        text: String,
    },
    Lost(String),
    /// Not a message.
    Undecodable(Finding),
}

/// A record, understood.
#[derive(Clone, Debug)]
pub(super) struct Understood<W: Wire> {
    pub(super) meaning: Meaning<W>,
    /// What is wrong or odd about it, in sentences.
    pub(super) remarks: Vec<String>,
}

/// What a client would know at this place of the recording.
#[derive(Debug)]
pub(super) struct Reading<W: Wire> {
    mirror: Option<Mirror<W::Entity>>,
    own: Option<W::Own>,
    /// Why the mirror may be wrong. What follows from a wrong one is not remarked.
    doubt: Option<&'static str>,
    /// Whether that has been said.
    doubt_told: bool,
    /// The last input said.
    sent: Option<Seq>,
    applied: Option<Seq>,
    /// Nonces and times of pings.
    pings: VecDeque<(u32, u64)>,
}

// Not derived: that would ask the same of the game's types.
impl<W: Wire> Default for Reading<W> {
    fn default() -> Self {
        Self {
            mirror: None,
            own: None,
            doubt: None,
            doubt_told: false,
            sent: None,
            applied: None,
            pings: VecDeque::new(),
        }
    }
}

impl<W: Wire> Reading<W> {
    /// Something in between is missing.
    pub(super) fn gap(&mut self) {
        self.doubt("a part of the recording before it is damaged");
    }

    fn doubt(&mut self, why: &'static str) {
        if self.doubt.is_none() {
            self.doubt = Some(why);
            self.doubt_told = false;
        }
    }

    /// The last tick told.
    pub(super) fn tick(&self) -> Option<Tick> {
        self.mirror.as_ref().map(Mirror::tick)
    }

    /// What this record means.
    pub(super) fn read(&mut self, record: &Record) -> Understood<W> {
        let mut remarks = Vec::new();
        let meaning = match record.what {
            What::Client => self.client(record, &mut remarks),
            What::Server => self.server(record, &mut remarks),
            What::ClientClose | What::ServerClose => close(&record.body),
            What::Lost => Meaning::Lost(String::from_utf8_lossy(&record.body).into_owned()),
        };
        Understood { meaning, remarks }
    }

    fn client(&mut self, record: &Record, remarks: &mut Vec<String>) -> Meaning<W> {
        let message = match codec::decode::<ClientMessage<W::Input>>(&record.body) {
            Ok(message) => message,
            Err(error) => {
                return Meaning::Undecodable(autopsy::client::<W>(&record.body, &error));
            }
        };
        shortest(&message, &record.body, remarks);
        match &message {
            ClientMessage::Input { seq, received, .. } => {
                if let Some(last) = self.sent.replace(*seq).filter(|last| last.next() != *seq) {
                    remarks.push(format!("the input after {last} is {}", last.next()));
                }
                self.received(*received, remarks);
            }
            ClientMessage::Ping { nonce, received } => {
                if self.pings.len() == OPEN_PINGS {
                    self.pings.pop_front();
                }
                self.pings.push_back((*nonce, record.micros));
                self.received(*received, remarks);
            }
            _ => {}
        }
        Meaning::Client(message)
    }

    fn received(&self, received: Tick, remarks: &mut Vec<String>) {
        let tick = self.tick().filter(|tick| received.is_after(*tick));
        if let (Some(tick), None) = (tick, self.doubt) {
            remarks.push(format!("acknowledges {received}, but {tick} came last"));
        }
    }

    fn server(&mut self, record: &Record, remarks: &mut Vec<String>) -> Meaning<W> {
        let message = match codec::decode::<ServerMessage<W>>(&record.body) {
            Ok(message) => message,
            Err(error) => {
                self.doubt("a message before it cannot be decoded");
                return Meaning::Undecodable(autopsy::server::<W>(&record.body, &error));
            }
        };
        shortest(&message, &record.body, remarks);
        match message {
            ServerMessage::Welcome(welcome) => {
                self.mirror = Some(Mirror::new(welcome.tick, welcome.rules.clone()));
                self.doubt = None;
                self.own = None;
                self.sent = Some(welcome.applied);
                self.applied = Some(welcome.applied);
                Meaning::Welcome(Box::new(welcome))
            }
            ServerMessage::Snapshot(message) => {
                if message.reset {
                    self.doubt = None;
                }
                self.applied = self.applied.map(|seq| seq.plus(message.applied));
                if let Some((sent, applied)) = self.sent.zip(self.applied)
                    && applied.is_after(sent)
                    && self.doubt.is_none()
                {
                    remarks.push(format!("applied {applied}, but {sent} was said last"));
                }
                let (seen, trouble) = snapshot::see(message, &mut self.mirror, &mut self.own);
                let wrong = matches!(seen.checksum, Check::Wrong { .. }) || trouble.is_some();
                if let Some(doubt) = self.doubt.filter(|_| wrong || !self.doubt_told) {
                    remarks.push(format!("may be wrong until a reset: {doubt}"));
                    self.doubt_told = true;
                }
                if let Some(trouble) = trouble {
                    remarks.push(trouble);
                    self.doubt("a snapshot before it did not fit");
                } else if seen.checksum.is_right() {
                    self.doubt = None;
                }
                Meaning::Snapshot(Box::new(Seen {
                    applied: self.applied,
                    ..seen
                }))
            }
            ServerMessage::Event(event) => Meaning::Event(event),
            ServerMessage::Pong { nonce } => {
                let place = self.pings.iter().position(|ping| ping.0 == nonce);
                let after = place
                    .and_then(|place| self.pings.remove(place))
                    .map(|(_, at)| record.micros.saturating_sub(at));
                if after.is_none() {
                    remarks.push("answers no ping".into());
                }
                Meaning::Pong { nonce, after }
            }
            ServerMessage::Bye {
                code,
                text,
                retry_after_ms,
            } => Meaning::Bye {
                code,
                text,
                retry_after_ms,
            },
        }
    }
}

/// A number can be written longer than it must; a reader need not mind, a writer
/// should know.
fn shortest<T: serde::Serialize>(message: &T, body: &[u8], remarks: &mut Vec<String>) {
    if let Ok(bytes) = codec::encode(message)
        && bytes != body
    {
        let (is, least) = (body.len(), bytes.len());
        remarks.push(format!("{is} B, but {least} in the shortest form"));
    }
}

fn close<W: Wire>(body: &[u8]) -> Meaning<W> {
    let code = body
        .first_chunk::<2>()
        .map(|code| u16::from_le_bytes(*code));
    let text = String::from_utf8_lossy(body.get(2..).unwrap_or_default()).into_owned();
    Meaning::Close { code, text }
}
