//! Leaving in good order, and coming again as somebody new.
//!
//! Owns how long who has left stays away. Called by the bot.

use super::Life;
use crate::bot::Bot;
use crate::measure::Tally;
use rand::RngExt;
use std::time::{Duration, Instant};
use tokio::time::sleep_until;

impl<'a, B: Bot> Life<'a, B> {
    /// Leaves, and joins anew after a while: exactly as long as its group says, if all
    /// of them left together, else half to one and a half times as long.
    ///
    /// # Errors
    /// What the bot counted, if it did not get in again, or is away at the end.
    pub(super) async fn leave(mut self, together: bool) -> Result<Life<'a, B>, Box<Tally>> {
        let left = Instant::now();
        if let Some(window) = self.measured() {
            let lost = self.player.open().filter(|moment| window.contains(*moment));
            self.tally.inputs.cut += lost.count() as u64;
        }
        self.close().await;
        let Self {
            shared,
            number,
            socket,
            mut tally,
            mut exits,
            _presence,
            ..
        } = self;
        drop((socket, _presence));
        tally.leaves += 1;
        let away = shared.plan.group(number).1.away;
        let away = match together {
            true => away,
            false => away.mul_f64(exits.rng().random_range(0.5..1.5)),
        };
        let end = shared.stage.window().map(|window| window.end);
        let back = left + away;
        if end.is_some_and(|end| back >= end) {
            tally.away += end.map_or(Duration::ZERO, |end| end.saturating_duration_since(left));
            return Err(Box::new(tally));
        }
        sleep_until(back.into()).await;
        let (socket, player) = match shared.join(number, None).await {
            Ok(joined) => joined,
            Err(ending) => {
                tally.ending = Some(ending);
                return Err(Box::new(tally));
            }
        };
        tally.away += left.elapsed();
        if let Some(window) = shared.stage.window() {
            exits.back(window.start.elapsed());
        }
        Ok(Self {
            tally,
            exits,
            ..Self::new(shared, number, socket, player)
        })
    }
}
