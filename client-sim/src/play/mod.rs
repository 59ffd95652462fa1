//! `client-sim play`: the arena in a terminal, steered by hand or by a bot.
//!
//! Owns the arguments, the loop of messages, keys and pictures, and the way back
//! after a lost connection. The client is [`crate::solo`].
//!
//! ```text
//!  terminal ──► keys ──► solo (or a bot) ──► state, figures ──► view ──► map
//! ```

mod figures;
mod hands;
mod keys;
mod map;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod view;

use crate::arena::Pilot;
use crate::bot::{self, Bot};
use crate::cli::{BAD, GOOD, USAGE, complain};
use crate::ending::{Ending, Kind};
use crate::entry::{Entry, EntryArgs};
use crate::player;
use crate::solo;
use anyhow::Context;
use clap::Args;
use clap::builder::PossibleValue;
use crossterm::event::{Event, EventStream};
use downbeat_protocol::arena::ArenaWire;
use downbeat_protocol::message::Wire;
use futures_util::StreamExt;
use hands::Hands;
use keys::{Keys, Wish};
use state::{Notice, State};
use std::future::pending;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};
use terminal::Held;
use theme::Theme;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use view::Scene;

pub(crate) const EXAMPLES: &str = "\
Examples:
  client-sim play --url ws://127.0.0.1:4000/ws
  client-sim play --url ws://127.0.0.1:4000/ws --as hunt     # look over a bot's shoulder
  client-sim play --url ws://127.0.0.1:4000/ws --watch       # all of the plane

Keys: arrows or WASD fly, space fires, q, Esc or Ctrl-C leaves. With --watch, Tab follows
the next player of the leaderboard; after the last you see all again. A terminal that speaks
the kitty keyboard protocol (kitty, foot, ghostty, WezTerm, …) tells when a key is let
go; elsewhere a key counts as held for 150 ms after each press.";

type Player = player::Player<ArenaWire>;
type Solo = solo::Solo<ArenaWire, ()>;

/// From one picture to the next: 50 in a second.
const FRAME: Duration = Duration::from_millis(20);
/// The first pause before coming back, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

#[derive(Debug, Args)]
pub(crate) struct PlayArgs {
    #[command(flatten)]
    entry: EntryArgs,

    /// Let a bot fly, and look on
    #[arg(long = "as", value_name = "BEHAVIOUR", value_parser = ways().collect::<Vec<_>>())]
    behaviour: Option<String>,

    /// Play nobody, and see all of the plane
    #[arg(long, conflicts_with = "behaviour")]
    watch: bool,
}

fn ways() -> impl Iterator<Item = PossibleValue> {
    bot::ways::<Pilot>().map(|way| PossibleValue::new(way.name).help(way.help))
}

/// Whether this bot's game can be drawn: it is the arena.
pub(crate) fn knows<B: Bot>() -> bool {
    B::Wire::SCHEMA == ArenaWire::SCHEMA
}

/// Plays, and says how it ended.
pub(crate) fn play<B: Bot>(args: &PlayArgs) -> u8 {
    let known = match knows::<B>() {
        true => terminal::check(),
        false => Err(anyhow::anyhow!(
            "only the arena can be drawn here; `record` and `show` know {}, too",
            B::Wire::SCHEMA
        )),
    };
    if let Err(error) = known {
        return complain(&error, USAGE);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime");
    match runtime.and_then(|runtime| runtime.block_on(run(args))) {
        Ok(()) => GOOD,
        Err(error) => complain(&error, BAD),
    }
}

async fn run(args: &PlayArgs) -> anyhow::Result<()> {
    let entry = args.entry.entry(args.watch)?;
    let address = entry.target.resolve().await?;
    let hands = Hands::new(args);
    let mut solo = match Solo::enter(&entry, address, hands.steer(), ()).await {
        Ok(solo) => solo,
        Err((ending, ())) => return Err(sentence(&ending)),
    };
    let mut stage = Stage::new(entry, address, hands)?;
    loop {
        let ending = match stage.play(&mut solo).await? {
            None => {
                solo.leave().await;
                return Ok(());
            }
            Some(ending) => ending,
        };
        let stay_away = solo.stay_away().unwrap_or_default();
        let player = solo.hear_out().await.1;
        match stage.come_back(&player, &ending, stay_away).await? {
            Some(back) => solo = back,
            None if state::may_return(&ending) => return Ok(()),
            None => return Err(sentence(&ending)),
        }
    }
}

/// An ending, for who is back at his shell.
fn sentence(ending: &Ending) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", ending.label, ending.detail)
}

/// What came from outside.
enum Asked {
    Event(Event),
    /// A picture is due.
    Frame,
    /// The terminal is gone, or a signal says so.
    Leave,
}

/// What does not change with the connection.
struct Stage {
    entry: Entry,
    address: SocketAddr,
    hands: Hands,
    state: State,
    theme: Theme,
    held: Held,
    events: EventStream,
    frames: Interval,
    ends: [Signal; 2],
}

impl Stage {
    fn new(entry: Entry, address: SocketAddr, hands: Hands) -> anyhow::Result<Self> {
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Ok(Self {
            entry,
            address,
            hands,
            state: State::new(Instant::now()),
            theme: Theme::from_env(),
            held: Held::take()?,
            events: EventStream::new(),
            frames,
            ends: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ],
        })
    }

    /// Plays until the connection ends, or until somebody wants to leave (`None`).
    async fn play(&mut self, solo: &mut Solo) -> anyhow::Result<Option<Ending>> {
        self.state.figures.connected();
        if self.state.followed.is_some()
            && let Err(ending) = solo.follow(self.state.followed)
        {
            return Ok(Some(ending));
        }
        loop {
            tokio::select! {
                news = solo.turn(|sight| self.hands.input(sight)) => match news {
                    Ok(news) => self.state.take(news, solo.player(), Instant::now()),
                    Err(ending) => return Ok(Some(ending)),
                },
                asked = asked(&mut self.events, &mut self.frames, &mut self.ends) => {
                    match self.wish(asked?) {
                        None => {}
                        Some(Wish::Draw) => {
                            self.state.figures.frame(Instant::now(), solo.bytes());
                            self.draw(solo.player(), solo.arrival(), None)?;
                        }
                        Some(Wish::Quit) => return Ok(None),
                        Some(Wish::Next) if matches!(self.hands, Hands::Spectator) => {
                            if let Err(ending) = solo.follow(self.state.follow_next()) {
                                return Ok(Some(ending));
                            }
                        }
                        Some(Wish::Again | Wish::Next) => {}
                    }
                }
            }
        }
    }

    /// What is wished for. Keys that fly go to the hands.
    fn wish(&mut self, asked: Asked) -> Option<Wish> {
        let mut nobody = Keys::default();
        let keys = match &mut self.hands {
            Hands::Person(keys) => keys,
            Hands::Bot(..) | Hands::Idle | Hands::Spectator => &mut nobody,
        };
        match asked {
            Asked::Event(Event::Key(key)) => keys.take(key, Instant::now()),
            Asked::Event(Event::FocusLost) => {
                keys.release();
                None
            }
            // A new size is seen by the next picture.
            Asked::Event(_) => None,
            Asked::Frame => Some(Wish::Draw),
            Asked::Leave => Some(Wish::Quit),
        }
    }

    /// Comes back after an ending, by itself where that makes sense, else when
    /// somebody asks for it. `None`: somebody wants to leave.
    async fn come_back(
        &mut self,
        player: &Player,
        ending: &Ending,
        mut stay_away: Duration,
    ) -> anyhow::Result<Option<Solo>> {
        self.state.figures.desyncs += u32::from(ending.kind == Kind::Desync);
        let mut ending = ending.clone();
        let mut resume = Some(player.resume());
        let mut tries = 0;
        loop {
            if state::may_return(&ending) {
                let pause = (PAUSES.0 * 2u32.pow(tries.min(8))).min(PAUSES.1);
                let pause = pause.max(std::mem::take(&mut stay_away));
                let notice = Notice::lost(&ending, tries, pause);
                if self
                    .wait(player, &notice, sleep(pause), false)
                    .await?
                    .is_none()
                {
                    return Ok(None);
                }
            } else {
                let notice = Notice::over(&ending);
                if self
                    .wait(player, &notice, pending::<()>(), true)
                    .await?
                    .is_none()
                {
                    return Ok(None);
                }
                // Another attempt with the same token would end the same way.
                resume = None;
            }
            self.entry.resume = resume;
            let entry = self.entry.clone();
            let enter = Solo::enter(&entry, self.address, self.hands.steer(), ());
            let notice = Notice::lost(&ending, tries, Duration::ZERO);
            match self.wait(player, &notice, enter, false).await? {
                None => return Ok(None),
                Some(Waited::Again) => {}
                Some(Waited::For(Ok(solo))) => {
                    self.state.figures.returns += 1;
                    return Ok(Some(solo));
                }
                Some(Waited::For(Err((why, ())))) => {
                    ending = why;
                    tries += 1;
                }
            }
        }
    }

    /// Draws on while something takes its time. `None`: somebody wants to leave.
    async fn wait<F: Future>(
        &mut self,
        player: &Player,
        notice: &Notice,
        future: F,
        hurry: bool,
    ) -> anyhow::Result<Option<Waited<F::Output>>> {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                output = &mut future => return Ok(Some(Waited::For(output))),
                asked = asked(&mut self.events, &mut self.frames, &mut self.ends) => {
                    match self.wish(asked?) {
                        Some(Wish::Draw) => self.draw(player, None, Some(notice))?,
                        Some(Wish::Quit) => return Ok(None),
                        Some(Wish::Again) if hurry => return Ok(Some(Waited::Again)),
                        None | Some(Wish::Again | Wish::Next) => {}
                    }
                }
            }
        }
    }

    fn draw(
        &mut self,
        player: &Player,
        arrival: Option<Instant>,
        notice: Option<&Notice>,
    ) -> anyhow::Result<()> {
        let Entry { target, room, .. } = &self.entry;
        let title = match room.is_empty() {
            true => target.to_string(),
            false => format!("{room} at {target}"),
        };
        let scene = Scene {
            player,
            state: &self.state,
            title: &title,
            pilot: &self.hands.describe(&self.entry.name),
            help: self.hands.help(),
            arrival,
            now: Instant::now(),
            notice,
            theme: self.theme,
        };
        self.held.screen.draw(|frame| view::draw(frame, &scene))?;
        Ok(())
    }
}

/// How a wait ended.
enum Waited<T> {
    For(T),
    /// Somebody asked to go on.
    Again,
}

/// Waits for an event or the next picture.
async fn asked(
    events: &mut EventStream,
    frames: &mut Interval,
    [terminate, hangup]: &mut [Signal; 2],
) -> anyhow::Result<Asked> {
    tokio::select! {
        event = events.next() => match event {
            Some(event) => Ok(Asked::Event(event?)),
            None => Ok(Asked::Leave),
        },
        _ = frames.tick() => Ok(Asked::Frame),
        _ = terminate.recv() => Ok(Asked::Leave),
        _ = hangup.recv() => Ok(Asked::Leave),
    }
}
