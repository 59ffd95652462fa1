//! A link cut on purpose, and the way back to the same player.
//!
//! Owns how a link is cut, the pauses between tries, and what must hold after:
//! the same player, with no fewer points. Called by the bot.

use super::Life;
use crate::bot::Bot;
use crate::ending::Ending;
use crate::join::Socket;
use crate::measure::Tally;
use crate::scenario::{Exit, Exits, Going};
use futures_util::StreamExt;
use rand::RngExt;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How often a bot tries to come back. The last try is over well within the time
/// that a player stays in limbo by default.
const TRIES: u32 = 6;
/// The first pause is drawn from this range; each further one from twice the range
/// before.
const PAUSE_MS: std::ops::Range<u64> = 50..250;
/// From the welcome to the first snapshot.
const FIRST_SNAPSHOT: Duration = Duration::from_secs(5);

/// The ways a link ends without a close frame, each as likely as the others.
enum Cut {
    /// The server hears of it at once, by a reset.
    Reset,
    /// By the end of the stream.
    End,
    /// Not at all: the link stays up and mute until the player is back, as when a
    /// phone changes its network.
    Mute,
}

impl Cut {
    fn draw(exits: &mut Exits) -> Self {
        match exits.rng().random_range(0..3) {
            0 => Self::Reset,
            1 => Self::End,
            _ => Self::Mute,
        }
    }

    /// Cuts the link. What is given back is to be kept until the player is back.
    fn make(self, socket: Socket) -> Option<Socket> {
        match self {
            Self::Reset => {
                // Fails only on a socket that is already gone.
                let _ = socket.get_ref().get_ref().tcp().set_zero_linger();
                None
            }
            Self::End => None,
            Self::Mute => Some(socket),
        }
    }
}

impl<'a, B: Bot> Life<'a, B> {
    /// Goes for a while, and comes back.
    ///
    /// # Errors
    /// What the bot counted, if it did not come back.
    pub(super) async fn go(self, going: Going) -> Result<Life<'a, B>, Box<Tally>> {
        match going.exit {
            Exit::Cut => self.come_back(going.together).await,
            Exit::Leave => self.leave(going.together).await,
        }
    }

    /// Its link is cut and it comes back as the same player: at once, if the links of
    /// all its group are cut together, as phones do.
    async fn come_back(self, at_once: bool) -> Result<Life<'a, B>, Box<Tally>> {
        let Self {
            shared,
            number,
            socket,
            player,
            bot,
            mut pacer,
            mut tally,
            mut exits,
            _presence,
            ..
        } = self;
        drop(_presence);
        tally.cuts += 1;
        if let Some(window) = shared.stage.window() {
            let lost = player.open().filter(|moment| window.contains(*moment));
            tally.inputs.cut += lost.count() as u64;
        }
        let score = player.own().map(|own| B::points(own).score);
        let hanging = Cut::draw(&mut exits).make(socket);

        let start = Instant::now();
        let mut tries = 0;
        let joined = loop {
            if tries > 0 || !at_once {
                let pause = exits.rng().random_range(PAUSE_MS) << tries;
                sleep(Duration::from_millis(pause)).await;
            }
            tries += 1;
            match shared.join(number, Some(player.resume())).await {
                Ok(joined) => break joined,
                Err(ending) if tries == TRIES => return Err(lost(tally, ending)),
                Err(_) => {}
            }
        };
        drop(hanging);
        let (socket, now) = joined;
        if now.id() != player.id() {
            let detail = format!("came back as player {}, was {}", now.id().0, player.id().0);
            return Err(lost(tally, Ending::new("another_player", detail)));
        }
        let back = Instant::now();
        pacer.restart(back);
        if let Some(window) = shared.stage.window() {
            exits.back(back.saturating_duration_since(window.start));
        }
        let mut back = Self {
            bot,
            pacer,
            tally,
            exits,
            ..Self::new(shared, number, socket, now)
        };
        if let Err(ending) = back.first_snapshot(score).await {
            return Err(lost(back.tally, ending));
        }
        back.tally.resumes += 1;
        let mut measure = shared.measures[back.tally.group].borrow_mut();
        measure.resume.record(start.elapsed());
        drop(measure);
        Ok(back)
    }

    /// Waits for the first snapshot and looks at the points in it.
    async fn first_snapshot(&mut self, before: Option<u32>) -> Result<(), Ending> {
        let arrived = async {
            while self.arrival.is_none() {
                let message = self.socket.next().await;
                self.take(message, Instant::now())?;
            }
            Ok::<(), Ending>(())
        };
        match timeout(FIRST_SNAPSHOT, arrived).await {
            Ok(arrived) => arrived?,
            Err(_) => return Err(Ending::new("no_snapshot", "no snapshot after the return")),
        }
        let now = self.player.own().map(|own| B::points(own).score);
        if before.is_some() && now < before {
            let detail = format!("came back with {now:?} points, had {before:?}");
            return Err(Ending::new("points_lost", detail));
        }
        Ok(())
    }
}

fn lost(mut tally: Tally, ending: Ending) -> Box<Tally> {
    tally.ending = Some(ending.no_return());
    Box::new(tally)
}
