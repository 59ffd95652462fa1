//! How one client comes in that plays alone: where, as whom, over what kind of line.
//!
//! Owns the arguments that `record` and `play` share. Refuses what makes no sense
//! before the connection is opened.

use crate::ending::Ending;
use crate::net::Conditions;
use crate::target::{Target, TrustArgs};
use crate::tokens::{TokenArgs, Tokens};
use clap::Args;
use downbeat_protocol::message::{Hello, Wire, schema_hash};
use downbeat_protocol::{ClientMessage, PROTOCOL_VERSION, ResumeToken, codec};
use std::sync::Arc;

/// Where to go, and as whom.
#[derive(Debug, Args)]
pub(crate) struct EntryArgs {
    /// The server's address, for instance ws://127.0.0.1:4000/ws
    #[arg(long)]
    url: Target,

    /// The room [default: the one in the address, or the default room]
    #[arg(long, default_value = "", hide_default_value = true)]
    room: String,

    /// The player's name
    #[arg(long, default_value = "player")]
    name: String,

    /// What the line is like, each way: for instance delay=80ms,jitter=20ms
    /// (see docs/scenarios.md)
    #[arg(long, value_name = "CONDITIONS")]
    net: Option<Conditions>,

    /// The same seed gives the same bot, and the same line
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    token: TokenArgs,
}

/// Who comes in, and where.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    /// Empty: the one of the address, or the default room.
    pub(crate) room: String,
    pub(crate) name: String,
    pub(crate) net: Option<Conditions>,
    pub(crate) seed: u64,
    tokens: Option<Arc<Tokens>>,
    /// Looks on and plays nobody.
    watch: bool,
    /// The player he was.
    pub(crate) resume: Option<ResumeToken>,
}

impl EntryArgs {
    /// What they ask for.
    ///
    /// # Errors
    /// If nothing says whom to trust, or a file cannot be read.
    pub(crate) fn entry(&self, watch: bool) -> anyhow::Result<Entry> {
        Ok(Entry {
            target: self.url.clone().trusting(&self.trust)?,
            room: self.room.clone(),
            name: self.name.clone(),
            net: self.net,
            seed: self.seed,
            tokens: self.token.read(1)?.map(Arc::new),
            watch,
            resume: None,
        })
    }
}

impl Entry {
    /// The first message.
    ///
    /// # Errors
    /// [`Ending`] if no token can be made.
    pub(crate) fn hello<W: Wire>(&self) -> Result<Vec<u8>, Ending> {
        let token = self.tokens.as_ref().map(|tokens| tokens.of(0));
        let token = token.transpose();
        let hello = Hello {
            version: PROTOCOL_VERSION,
            schema: schema_hash::<W>(),
            room: self.room.clone(),
            name: self.name.clone(),
            token: token.map_err(|error| Ending::new("no_token", format!("{error:#}")))?,
            resume: self.resume,
        };
        let message = match self.watch {
            true => ClientMessage::<W::Input>::Watch(hello),
            false => ClientMessage::Hello(hello),
        };
        Ok(codec::encode(&message)?)
    }
}
