//! One bot's connection: a socket, a timer, a player.
//!
//! Owns the order of a bot's life: connect, hello, play, linger, close; in between
//! it may be cut off and come back, leave and come anew, or hang. Every wait has an end. Counts into its
//! own [`Tally`] and into the histograms of its thread; called by the swarm, one
//! task per bot.

mod comeback;
mod farewell;
mod hang;
mod hearing;
mod speech;

use crate::bot::{Bot, IDLE};
use crate::ending::Ending;
use crate::join::{Socket, join};
use crate::measure::{Measure, Rates, Tally};
use crate::pacer::Pacer;
use crate::player::Player;
use crate::scenario::{Exit, Exits, Going, Plan, Role};
use crate::seeds::{generator, seed};
use crate::stage::{Presence, Stage, Window};
use crate::swarm::LOOK;
use crate::view::Pool;
use downbeat_protocol::message::Wire;
use downbeat_protocol::{Reason, ResumeToken};
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How long after the window a bot waits for what belongs into it.
const LINGER: Duration = Duration::from_secs(1);
/// How long a bot waits for the answer to its close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the bots of one thread share.
#[derive(Debug)]
pub(crate) struct Shared<B: Bot> {
    pub(crate) plan: Plan,
    pub(crate) address: SocketAddr,
    pub(crate) stage: Arc<Stage>,
    /// Turns true when the bots shall leave.
    pub(crate) leave: watch::Receiver<bool>,
    /// One per group.
    pub(crate) measures: Vec<RefCell<Measure>>,
    /// What the bots of each room see.
    pub(crate) pools: RefCell<BTreeMap<String, Pool<Entity<B>>>>,
}

type Joined<B> = (Socket, Box<Player<<B as Bot>::Wire>>);
type Entity<B> = <<B as Bot>::Wire as Wire>::Entity;

impl<B: Bot> Shared<B> {
    /// Brings bot `number` in; with `resume` as the player it was.
    ///
    /// # Errors
    /// [`Ending`] if it does not get in.
    async fn join(&self, number: u32, resume: Option<ResumeToken>) -> Result<Joined<B>, Ending> {
        let pool = {
            let mut pools = self.pools.borrow_mut();
            pools.entry(self.plan.room(number)).or_default().clone()
        };
        join::<B::Wire>(&self.plan, self.address, number, resume, pool).await
    }
}

/// Runs bot `number` from its connection to its end. `start` is the run's beginning.
pub(crate) async fn run<B: Bot>(shared: &Shared<B>, number: u32, start: Instant) -> Tally {
    if !wait(shared, number, start).await {
        let ending = Ending::new("never_began", "no window to join in");
        return refused(shared, number, ending);
    }
    let mut bot = match shared.join(number, None).await {
        Ok((socket, player)) => Life::<B>::new(shared, number, socket, player),
        Err(ending) => return refused(shared, number, ending),
    };
    shared.stage.joined();
    loop {
        let mut turn = bot.play().await;
        if let Some(after) = bot.invited.take() {
            let moment = Instant::now() + after;
            bot.close().await;
            sleep_until(moment.into()).await;
            // From here on it is the same who ended the link.
            turn = Ok(Turn::Go(Going {
                exit: Exit::Cut,
                together: false,
            }));
        }
        let ended = match turn {
            Ok(Turn::Over) => bot.linger().await,
            Ok(Turn::Hang) => return bot.hang().await,
            Ok(Turn::Go(going)) => match bot.go(going).await {
                Ok(back) => {
                    bot = back;
                    continue;
                }
                Err(tally) => {
                    if tally.ending.is_some() {
                        shared.stage.ended();
                    }
                    return *tally;
                }
            },
            Err(ending) => Err(ending),
        };
        match ended {
            Ok(()) => bot.settle(Instant::now()),
            Err(ending) => {
                shared.stage.ended();
                bot.tally.ending = Some(ending);
            }
        }
        bot.close().await;
        return bot.tally;
    }
}

/// Waits until it is time to connect; `false` if that never comes.
async fn wait<B: Bot>(shared: &Shared<B>, number: u32, start: Instant) -> bool {
    let after = shared.plan.connects(number);
    if shared.plan.group(number).1.join_at.is_none() {
        sleep_until((start + after).into()).await;
        return true;
    }
    let mut leave = shared.leave.clone();
    let window = loop {
        if let Some(window) = shared.stage.window() {
            break window;
        }
        // An error means that the swarm itself is gone: leave, too.
        let told = timeout(LOOK, leave.wait_for(|leave| *leave)).await;
        if told.is_ok() {
            return false;
        }
    };
    sleep_until((window.start + after).into()).await;
    true
}

fn refused<B: Bot>(shared: &Shared<B>, number: u32, ending: Ending) -> Tally {
    shared.stage.failed();
    let (group, plan) = shared.plan.group(number);
    Tally {
        ending: Some(ending),
        role: plan.role,
        group,
        ..Tally::default()
    }
}

/// Why a bot stops playing.
enum Turn {
    /// The window is over.
    Over,
    /// It is to go, for a while.
    Go(Going),
    /// It is there to hang, and now it does.
    Hang,
}

/// A bot that has joined.
struct Life<'a, B: Bot> {
    shared: &'a Shared<B>,
    number: u32,
    socket: Socket,
    player: Box<Player<B::Wire>>,
    /// `None` if it sends no inputs.
    bot: Option<B>,
    pacer: Pacer,
    tally: Tally,
    /// When the last snapshot came.
    arrival: Option<Instant>,
    /// Inputs that were left out: with which one sent instead, and how many.
    left_out: VecDeque<(Instant, u64)>,
    /// When something was sent last.
    sent: Instant,
    pings: u32,
    /// What is being sent; kept for its memory.
    scratch: Vec<u8>,
    /// When it goes before the end, if ever.
    exits: Exits,
    /// Set when the server has ended the link and said after how long to come back, and
    /// the bot is to do so.
    invited: Option<Duration>,
    /// Held for its drop.
    _presence: Presence,
}

impl<'a, B: Bot> Life<'a, B> {
    fn new(
        shared: &'a Shared<B>,
        number: u32,
        socket: Socket,
        player: Box<Player<B::Wire>>,
    ) -> Self {
        let seeds = shared.plan.seed;
        let (index, group) = shared.plan.group(number);
        let now = Instant::now();
        let rate = group.input_rate.unwrap_or(f64::from(player.tick_rate()));
        // Real clients are not in step with each other, nor with the server.
        let phase = generator(seeds, number).random_range(0.0..1.0) / rate;
        Self {
            shared,
            number,
            exits: Exits::new(group, seeds, number),
            bot: (group.way != IDLE.name).then(|| B::new(group.way, seed(seeds, number))),
            pacer: Pacer::new(now + Duration::from_secs_f64(phase), rate),
            tally: Tally {
                role: group.role,
                group: index,
                rates: Some(Rates {
                    tick: player.tick_rate(),
                    snapshot: player.snapshot_rate(),
                }),
                ..Tally::default()
            },
            socket,
            player,
            arrival: None,
            left_out: VecDeque::new(),
            sent: now,
            pings: 0,
            scratch: Vec::with_capacity(64),
            invited: None,
            _presence: Presence::new(&shared.stage),
        }
    }

    /// Plays until it is this bot's turn to do something else.
    async fn play(&mut self) -> Result<Turn, Ending> {
        let mut timer = pin!(sleep_until(self.wake_at().into()));
        loop {
            tokio::select! {
                biased;
                message = self.socket.next() => {
                    self.take(message, Instant::now())?;
                }
                () = &mut timer => {}
            }
            // Not only when the timer rings: a bot that is behind always has a message
            // to read, and would never come to speak.
            let now = Instant::now();
            if now >= timer.deadline().into_std() {
                if let Some(turn) = self.turn(now) {
                    return Ok(turn);
                }
                self.speak(now)?;
                timer.as_mut().reset(self.wake_at().into());
            }
        }
    }

    /// Whose turn it is now, if not that of playing on.
    fn turn(&mut self, now: Instant) -> Option<Turn> {
        let window = self.shared.stage.window()?;
        if now >= window.end {
            return Some(Turn::Over);
        }
        let is_due = |after| now >= window.start + after;
        match self.tally.role {
            Role::Honest => match self.exits.next().is_some_and(is_due) {
                true => self.exits.take().map(Turn::Go),
                false => None,
            },
            Role::Stalls(after) => is_due(after).then_some(Turn::Hang),
            Role::Trickles => is_due(Duration::ZERO).then_some(Turn::Hang),
        }
    }

    /// Hears out what belongs into the window, until it is time to leave.
    async fn linger(&mut self) -> Result<(), Ending> {
        let mut leave = self.shared.leave.clone();
        let mut over = pin!(async {
            // An error means that the swarm itself is gone: leave, too.
            let _ = leave.wait_for(|leave| *leave).await;
        });
        let mut told = false;
        let mut late = pin!(tokio::time::sleep(LINGER));
        loop {
            if told && self.is_complete() {
                return Ok(());
            }
            tokio::select! {
                biased;
                message = self.socket.next() => {
                    self.take(message, Instant::now())?;
                }
                () = &mut over, if !told => told = true,
                () = &mut late, if told => return Ok(()),
            }
        }
    }

    /// Ends the connection in good order, unless it has ended already.
    async fn close(&mut self) {
        let frame = CloseFrame {
            code: Reason::Left.code().into(),
            reason: Reason::Left.text().into(),
        };
        let goodbye = async {
            // Errors here only say that the other side was faster.
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    /// From one snapshot to the next, as the server means it.
    fn period(&self) -> Duration {
        Duration::from_secs(1) / self.player.snapshot_rate()
    }

    /// The window in which this bot is measured.
    fn measured(&self) -> Option<Window> {
        self.shared.stage.window().filter(|_| self.is_honest())
    }

    fn is_honest(&self) -> bool {
        self.tally.role == Role::Honest
    }
}
