//! What one client received, saved; and shown again, message by message.
//!
//! A debugger for the protocol: what did the server say, when, and how many bytes of it
//! were what? Owns the file:
//!
//! | part | bytes | meaning |
//! |---|---|---|
//! | magic | 18 | `downbeat-record/1` and a line break |
//! | each message | 8 | microseconds since the connection, little endian |
//! | | 4 | its length, little endian |
//! | | so many | the message |

mod show;

pub(crate) use show::{ShowArgs, show};

use crate::bot::{Bot, IDLE};
use crate::ending::Ending;
use crate::join::{Socket, connect, not_binary};
use crate::player::{self, Answer, Heard};
use crate::scenario::{Group, Plan, Strangers, text};
use crate::source::Sources;
use crate::swarm::runtime;
use crate::target::{Target, TrustArgs};
use crate::tokens::TokenArgs;
use crate::view::Pool;
use anyhow::{Context, anyhow, ensure};
use clap::Args;
use downbeat_protocol::codec::DECODE_LIMIT;
use downbeat_protocol::message::Wire;
use futures_util::{SinkExt, StreamExt};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;

const MAGIC: &[u8; 18] = b"downbeat-record/1\n";
/// From one acknowledgement to the next.
const PING: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The file to write
    file: PathBuf,

    /// The server's address, for instance ws://127.0.0.1:4000/ws
    #[arg(long)]
    url: Target,

    /// How long to listen
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = text::duration)]
    duration: Duration,

    /// The room [default: the server's default room]
    #[arg(
        long,
        value_name = "ROOM",
        default_value = "",
        hide_default_value = true
    )]
    room: String,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    token: TokenArgs,
}

/// Joins as a player who only acknowledges, and saves what it is told.
///
/// # Errors
/// If it cannot join, or the file cannot be written.
pub(crate) fn record<B: Bot>(args: &RecordArgs) -> anyhow::Result<bool> {
    let file = File::create(&args.file)
        .with_context(|| format!("cannot write to {}", args.file.display()))?;
    let mut out = BufWriter::new(file);
    out.write_all(MAGIC)?;
    let plan = Plan {
        target: args.url.clone().trusting(&args.trust)?,
        duration: args.duration,
        baseline: None,
        seed: 1,
        groups: vec![Group {
            room: args.room.clone(),
            ..Group::new("recorder", 1, IDLE.name)
        }],
        strangers: Strangers::default(),
        sources: Sources::default(),
        tokens: args.token.read(1)?.map(Arc::new),
        threads: 1,
        processes: 1,
        server_pid: None,
        drag: None,
    };
    let mut messages = 0;
    let heard = runtime()?.block_on(async {
        let address = plan.target.resolve().await?;
        let start = Instant::now();
        let mut save = |bytes: &[u8]| {
            messages += 1;
            put(&mut out, start.elapsed(), bytes)
        };
        let listening = listen::<B::Wire>(&plan, address, &mut save);
        match timeout(plan.duration, listening).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(ending)) => Ok(Some(ending)),
            Err(_) => Ok(None),
        }
    });
    out.flush()?;
    let ending = heard?;
    if let Some(ending) = &ending {
        writeln!(io::stderr(), "ended: {}: {}", ending.label, ending.detail)?;
    }
    writeln!(
        io::stdout(),
        "{messages} messages in {}",
        args.file.display()
    )?;
    Ok(ending.is_none())
}

/// Listens until the server ends it; says how.
async fn listen<W: Wire>(
    plan: &Plan,
    address: std::net::SocketAddr,
    save: &mut impl FnMut(&[u8]) -> io::Result<()>,
) -> anyhow::Result<Ending> {
    let mut socket = match connect(plan, address, 0).await {
        Ok(socket) => socket,
        Err(ending) => return Ok(ending),
    };
    let token = plan.tokens.as_ref().map(|tokens| tokens.of(0));
    let mut hello = Vec::new();
    player::hello::<W>(
        &plan.room(0),
        "recorder",
        token.transpose()?,
        None,
        &mut hello,
    )?;
    if let Err(error) = socket.send(Message::Binary(hello.into())).await {
        return Ok(Ending::from_socket(error));
    }
    let mut player = None;
    let mut pings = interval(PING);
    loop {
        let message = tokio::select! {
            message = next(&mut socket) => message,
            _ = pings.tick() => {
                if let Some(player) = &player {
                    ping::<W>(&mut socket, player).await?;
                }
                continue;
            }
        };
        let bytes = match message {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(ending) => return Ok(ending),
        };
        save(&bytes)?;
        let ending = match &mut player {
            None => match player::answer::<W>(&bytes, Pool::default()) {
                Ok(Answer::Welcome(welcome)) => {
                    player = Some(*welcome);
                    None
                }
                Ok(Answer::Bye { code, text }) => Some(Ending::from_code(code, &text)),
                Err(trouble) => Some(trouble.into()),
            },
            Some(player) => match player.hear(&bytes, |_| ()) {
                Ok(Heard::Bye { code, text }) => Some(Ending::from_code(code, &text)),
                Ok(_) => None,
                Err(trouble) => Some(trouble.into()),
            },
        };
        if let Some(ending) = ending {
            return Ok(ending);
        }
    }
}

async fn next(socket: &mut Socket) -> Result<Option<bytes::Bytes>, Ending> {
    match socket.next().await {
        Some(Ok(Message::Binary(bytes))) => Ok(Some(bytes)),
        Some(Ok(other)) => not_binary(other).map(|()| None),
        Some(Err(error)) => Err(Ending::from_socket(error)),
        None => Err(Ending::link_lost()),
    }
}

async fn ping<W: Wire>(socket: &mut Socket, player: &player::Player<W>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    player.ping(0, &mut bytes)?;
    // If it fails, reading says why.
    let _ = socket.send(Message::Binary(bytes.into())).await;
    Ok(())
}

fn put(out: &mut impl Write, at: Duration, bytes: &[u8]) -> io::Result<()> {
    let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
    out.write_all(&micros.to_le_bytes())?;
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(bytes)
}

/// A record, message by message.
struct Record<R>(R);

impl Record<BufReader<File>> {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let record = Record::new(BufReader::new(file));
        record.with_context(|| format!("{}", path.display()))
    }
}

impl<R: Read> Record<R> {
    fn new(mut input: R) -> anyhow::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        let read = input.read_exact(&mut magic);
        ensure!(read.is_ok() && magic == *MAGIC, "this is no record");
        Ok(Self(input))
    }

    /// The next message and when it came; `None` at the end.
    fn next(&mut self) -> anyhow::Result<Option<(Duration, Vec<u8>)>> {
        let mut at = [0; 8];
        let mut first = [0; 1];
        if self.0.read(&mut first)? == 0 {
            return Ok(None);
        }
        at[0] = first[0];
        let cut = |_| anyhow!("the record ends within a message");
        self.0.read_exact(&mut at[1..]).map_err(cut)?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length).map_err(cut)?;
        let length = u32::from_le_bytes(length) as usize;
        ensure!(length <= DECODE_LIMIT, "a message of {length} bytes");
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).map_err(cut)?;
        Ok(Some((Duration::from_micros(u64::from_le_bytes(at)), bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_read_again_and_a_cut_file_is_told() {
        let mut file = MAGIC.to_vec();
        let messages = [(5, vec![1, 2, 3]), (70_000, vec![]), (80_000, vec![9; 300])];
        for (micros, bytes) in &messages {
            put(&mut file, Duration::from_micros(*micros), bytes).unwrap();
        }
        let mut record = Record::new(&file[..]).unwrap();
        for (micros, bytes) in &messages {
            let got = record.next().unwrap().unwrap();
            assert_eq!(got, (Duration::from_micros(*micros), bytes.clone()));
        }
        assert!(record.next().unwrap().is_none());

        for end in MAGIC.len() + 1..MAGIC.len() + 15 {
            let mut record = Record::new(&file[..end]).unwrap();
            assert!(record.next().is_err(), "cut at {end}");
        }
        assert!(Record::new(&b"something else entirely"[..]).is_err());
        let mut huge = MAGIC.to_vec();
        huge.extend_from_slice(&[0; 8]);
        huge.extend_from_slice(&u32::MAX.to_le_bytes());
        assert!(Record::new(&huge[..]).unwrap().next().is_err());
    }
}
