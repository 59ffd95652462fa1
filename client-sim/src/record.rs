//! `client-sim record`: everything one client says and hears, in a file.
//!
//! Owns the arguments and the run's end: the time is up, Ctrl-C, the file is full,
//! or the connection is over. The client itself is [`crate::solo`], the file
//! [`crate::tape`]. Called by `main`.

use crate::bot::{self, Bot, IDLE};
use crate::cli::{BAD, GOOD, USAGE, complain};
use crate::ending::Ending;
use crate::entry::EntryArgs;
use crate::scenario::text;
use crate::seeds;
use crate::solo::{News, Solo, Tap};
use crate::tape::{Description, Tape, What};
use anyhow::Context;
use clap::Args;
use downbeat_protocol::PROTOCOL_VERSION;
use downbeat_protocol::message::Wire;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use tokio::time::sleep;

pub(crate) const EXAMPLES: &str = "\
Examples:
  client-sim record game.tape --url ws://127.0.0.1:4000/ws --duration 30s
  client-sim record game.tape --url ws://127.0.0.1:4000/ws --watch
  client-sim record - --url ws://127.0.0.1:4000/ws | client-sim show -";

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// Where to write; `-` is stdout, message by message
    file: PathBuf,

    #[command(flatten)]
    entry: EntryArgs,

    /// How long
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = text::duration)]
    duration: Duration,

    /// How to play
    // Which there are, and the default, is the bot's to say.
    #[arg(long, default_value = "")]
    behaviour: String,

    /// Look on and play nobody: everything there is comes
    #[arg(long, conflicts_with = "behaviour")]
    watch: bool,

    /// Stop when the file has so many MiB
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    max_size: u64,
}

/// Records, and says how it went.
pub(crate) fn record<B: Bot>(args: &RecordArgs) -> u8 {
    let out = match open(&args.file) {
        Ok(out) => out,
        Err(error) => return complain(&error, USAGE),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime");
    match runtime.and_then(|runtime| runtime.block_on(run::<B>(args, out))) {
        Ok(Ended::Enough) => GOOD,
        Ok(Ended::Early(ending)) => {
            let what = anyhow::anyhow!("{}: {}", ending.label, ending.detail);
            complain(&what.context("the connection ended"), BAD)
        }
        Err(error) => complain(&error, BAD),
    }
}

/// Why it is over.
enum Ended {
    /// The time is up, the file is full, or somebody said so.
    Enough,
    /// The connection is.
    Early(Ending),
}

type Out = BufWriter<Box<dyn Write>>;

fn open(path: &Path) -> anyhow::Result<Out> {
    if path.as_os_str() == "-" {
        anyhow::ensure!(
            !io::stdout().is_terminal(),
            "a recording is not for a terminal: name a file, or pipe it into `client-sim show -`"
        );
        return Ok(BufWriter::new(Box::new(io::stdout())));
    }
    let file = create(path).with_context(|| format!("cannot write to {}", path.display()))?;
    Ok(BufWriter::new(Box::new(file)))
}

/// Readable by its owner alone: a recording holds tokens.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What stands between the client and the tape.
struct Recorder {
    tape: Tape<Out>,
    start: Instant,
    /// Whether somebody reads along.
    live: bool,
    failed: Option<io::Error>,
}

impl Tap for Recorder {
    fn said(&mut self, what: What, at: Instant, body: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let at = at.saturating_duration_since(self.start);
        let mut added = self.tape.add(what, at, body);
        if self.live {
            added = added.and_then(|()| self.tape.flush());
        }
        self.failed = added.err();
    }
}

async fn run<B: Bot>(args: &RecordArgs, out: Out) -> anyhow::Result<Ended> {
    let way = bot::ways::<B>().find(|way| way.name == args.behaviour);
    let way = way.context("no such behaviour")?;
    let bot =
        (!args.watch && way != IDLE).then(|| B::new(way.name, seeds::seed(args.entry.seed, 0)));
    let entry = args.entry.entry(args.watch)?;
    let about = Description {
        protocol: PROTOCOL_VERSION,
        game: B::Wire::SCHEMA.to_owned(),
        url: entry.target.to_string(),
        date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        client: format!(
            "client-sim {}, {}",
            env!("CARGO_PKG_VERSION"),
            if args.watch { "watch" } else { way.name }
        ),
    };
    let recorder = Recorder {
        tape: Tape::begin(out, &about, args.max_size << 20)?,
        start: Instant::now(),
        live: args.file.as_os_str() == "-",
        failed: None,
    };
    let address = entry.target.resolve().await?;
    let start = recorder.start;
    let (ended, recorder) = match Solo::enter(&entry, address, bot.is_some(), recorder).await {
        Ok(solo) => play(solo, bot, args.duration).await,
        Err((ending, recorder)) => (Ended::Early(ending), recorder),
    };
    finish(args, recorder, start.elapsed())?;
    Ok(ended)
}

/// Plays until it is over.
async fn play<B: Bot>(
    mut solo: Solo<B::Wire, Recorder>,
    mut bot: Option<B>,
    time: Duration,
) -> (Ended, Recorder) {
    let mut enough = std::pin::pin!(async {
        tokio::select! {
            () = sleep(time) => {}
            // Without a handler Ctrl-C ends the program, which the file survives.
            Ok(()) = tokio::signal::ctrl_c() => {}
        }
    });
    loop {
        let full = solo.tap().failed.is_some() || solo.tap().tape.is_full();
        if full {
            return (Ended::Enough, solo.leave().await);
        }
        tokio::select! {
            biased;
            () = &mut enough => return (Ended::Enough, solo.leave().await),
            news = solo.turn(|sight| bot.as_mut()?.decide(sight)) => match news {
                Ok(News::Event(event)) => {
                    if let Some(bot) = &mut bot {
                        bot.hear(&event);
                    }
                }
                Ok(_) => {}
                Err(ending) => return (Ended::Early(ending), solo.hear_out().await.0),
            }
        }
    }
}

/// Closes the file and says what is in it.
fn finish(args: &RecordArgs, recorder: Recorder, time: Duration) -> anyhow::Result<()> {
    let Recorder {
        mut tape, failed, ..
    } = recorder;
    let written = match failed {
        Some(error) => Err(error),
        None => tape.flush(),
    };
    match written {
        // Whoever read along has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        written => written.context("cannot write the recording")?,
    }
    let full = match tape.is_full() {
        true => "; it is full",
        false => "",
    };
    // Nothing can be said if stderr is closed; the file is there all the same.
    let _ = writeln!(
        io::stderr(),
        "{} messages in {:.1} s, {:.1} KiB{full}",
        tape.messages(),
        time.as_secs_f64(),
        tape.written() as f64 / 1024.0
    );
    if args.file.as_os_str() != "-" {
        let _ = writeln!(
            io::stderr(),
            "look at it: client-sim show {}",
            args.file.display()
        );
    }
    Ok(())
}
