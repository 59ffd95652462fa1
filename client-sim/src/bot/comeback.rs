//! A link cut on purpose, or ended by a server that says when to come back; and the way
//! back to the same player.
//!
//! Owns how a link is cut, the pauses between tries, and what must hold after:
//! the same player, with no fewer points. Called by the bot.

use super::Bot;
use crate::behaviour::generator;
use crate::ending::Ending;
use crate::join::{Socket, join};
use crate::measure::Tally;
use crate::mischief::Cuts;
use futures_util::StreamExt;
use rand::RngExt;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until, timeout};

/// How often a bot tries to come back. The last try is over well within the time
/// that a player stays in limbo by default.
const TRIES: u32 = 6;
/// The first pause is drawn from this range; each further one from twice the range
/// before.
const PAUSE_MS: std::ops::Range<u64> = 50..250;
/// Salt for the pauses of a bot that is not cut.
const PAUSES: u64 = 0x9A05;
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
    fn draw(cuts: &mut Cuts) -> Self {
        match cuts.rng().random_range(0..3) {
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
                let _ = socket.get_ref().set_zero_linger();
                None
            }
            Self::End => None,
            Self::Mute => Some(socket),
        }
    }
}

impl<'a> Bot<'a> {
    /// Cuts the link, unless the server has ended it and says after how long to come
    /// back, and comes back as the same player.
    ///
    /// # Errors
    /// What the bot counted, if it did not get its player back.
    pub(super) async fn come_back(mut self) -> Result<Bot<'a>, Box<Tally>> {
        let invited = self.invited.take();
        if let Some(after) = invited {
            let moment = Instant::now() + after;
            self.close().await;
            sleep_until(moment.into()).await;
        }
        let Self {
            group,
            number,
            socket,
            player,
            pilot,
            mut pacer,
            mut tally,
            mut cuts,
            ..
        } = self;
        tally.cuts += 1;
        if let Some(window) = group.stage.window() {
            let lost = player.open().filter(|moment| window.contains(*moment));
            tally.inputs.cut += lost.count() as u64;
        }
        let score = player.own().map(|own| own.score);
        let hanging = match (&mut cuts, invited) {
            (Some(cuts), None) => Cut::draw(cuts).make(socket),
            _ => None,
        };

        let start = Instant::now();
        let mut pauses = 0;
        let mut rng = generator(group.plan.seed ^ PAUSES, number);
        let joined = loop {
            let pause = match &mut cuts {
                Some(cuts) => cuts.rng().random_range(PAUSE_MS),
                None => rng.random_range(PAUSE_MS),
            };
            sleep(Duration::from_millis(pause << pauses)).await;
            pauses += 1;
            match join(&group.plan, group.address, number, Some(player.resume())).await {
                Ok(joined) => break joined,
                Err(ending) if pauses == TRIES => return Err(lost(tally, ending)),
                Err(_) => {}
            }
        };
        drop(hanging);
        let (socket, back) = joined;
        if back.id() != player.id() {
            let detail = format!("came back as player {}, was {}", back.id().0, player.id().0);
            return Err(lost(tally, Ending::new("another_player", detail)));
        }
        pacer.restart(Instant::now());
        let mut bot = Self {
            pilot,
            pacer,
            tally,
            next_cut: cuts.as_mut().map(Cuts::next),
            cuts,
            ..Self::new(group, number, socket, back)
        };
        if let Err(ending) = bot.first_snapshot(score).await {
            return Err(lost(bot.tally, ending));
        }
        bot.tally.resumes += 1;
        group.measure.borrow_mut().resume.record(start.elapsed());
        Ok(bot)
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
        let now = self.player.own().map(|own| own.score);
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
