//! Why a bot is not there at the end.
//!
//! Owns the labels of the report's `ends`: those of
//! [`Reason`] where the server gave one, and a few of its own for what happens
//! before there is a session.

use crate::player::Trouble;
use downbeat_protocol::Reason;
use downbeat_protocol::codec::EncodeError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Why a bot ended before the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// A short name, for counting.
    pub(crate) label: Cow<'static, str>,
    /// A sentence for people.
    pub(crate) detail: String,
    pub(crate) kind: Kind,
}

/// How a bot that had joined came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// The server or the network ended it.
    Lost,
    /// It left by itself, because what it saw was wrong.
    Desync,
    /// Its link was cut on purpose, and it did not get its player back.
    NoReturn,
}

impl Ending {
    pub(crate) fn new(label: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            detail: detail.into(),
            kind: Kind::Lost,
        }
    }

    /// The server ended it with this close code.
    pub(crate) fn from_code(code: u16, text: &str) -> Self {
        match Reason::from_code(code) {
            Some(reason) if text.is_empty() => Self::new(reason.label(), reason.text()),
            Some(reason) => Self::new(reason.label(), text),
            None => Self::new(format!("code_{code}"), text),
        }
    }

    /// The server sent a close frame.
    pub(crate) fn from_close(frame: Option<CloseFrame>) -> Self {
        match frame {
            Some(frame) => Self::from_code(frame.code.into(), &frame.reason),
            None => Self::new("no_code", "closed without a code"),
        }
    }

    /// The stream ended without a close frame.
    pub(crate) fn link_lost() -> Self {
        Self::from_code(Reason::LinkLost.code(), "")
    }

    /// The same for a bot that tried to come back after its link was cut.
    pub(crate) fn no_return(self) -> Self {
        let kind = match self.kind {
            Kind::Desync => Kind::Desync,
            Kind::Lost | Kind::NoReturn => Kind::NoReturn,
        };
        Self { kind, ..self }
    }

    /// The socket failed.
    pub(crate) fn from_socket(error: WsError) -> Self {
        let detail = error.to_string();
        match error {
            WsError::Io(error) => Self::from_io(&error),
            WsError::ConnectionClosed
            | WsError::AlreadyClosed
            | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Self::new(Reason::LinkLost.label(), detail)
            }
            WsError::Http(response) => {
                let status = response.status();
                Self::new(
                    format!("http_{}", status.as_u16()),
                    format!("the upgrade was answered with {status}"),
                )
            }
            WsError::Capacity(_) => Self::new(Reason::TooLarge.label(), detail),
            WsError::WriteBufferFull(_) => {
                Self::new(Reason::Jammed.label(), "the server takes no bytes")
            }
            _ => Self::new(Reason::ProtocolError.label(), detail),
        }
    }

    fn from_io(error: &io::Error) -> Self {
        let label = match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection_refused",
            io::ErrorKind::TimedOut => "connect_timeout",
            io::ErrorKind::AddrNotAvailable => "no_source_port",
            _ => Reason::LinkLost.label(),
        };
        Self::new(label, error.to_string())
    }
}

impl From<Trouble> for Ending {
    fn from(trouble: Trouble) -> Self {
        let label = match trouble {
            Trouble::Decode(_) => "undecodable",
            Trouble::Mirror(_) => "desync",
            Trouble::Unexpected(_) => "unexpected",
        };
        let kind = match trouble {
            Trouble::Mirror(_) => Kind::Desync,
            _ => Kind::Lost,
        };
        Self {
            kind,
            ..Self::new(label, trouble.to_string())
        }
    }
}

impl From<EncodeError> for Ending {
    fn from(error: EncodeError) -> Self {
        Self::new("unencodable", error.to_string())
    }
}
