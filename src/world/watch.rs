//! Step 7 of the tick: who is silent or too slow.
//!
//! The kernel takes megabytes before a write blocks, so a slow player is found by
//! the age of the last snapshot he acknowledged. Ticks in which the server itself was
//! late do not count.

use super::core::Core;
use super::member::Presence;
use crate::game::Game;
use downbeat_protocol::Reason;

impl<G: Game> Core<G> {
    /// Ends the sessions of those who do not keep up. Their sessions say so
    /// through the inbox, as with any other lost link; the body goes to limbo.
    pub(super) fn watch(&mut self) {
        for member in &mut self.members {
            if self.backlog.is_late {
                member.excused = member.excused.saturating_add(1);
            }
            let Presence::Live(link) = &member.presence else {
                continue;
            };
            if self.tick.since(member.heard) > self.config.idle {
                link.end(Reason::Silent);
            } else if member.lag(self.tick) > self.config.behind {
                link.end(Reason::TooSlow);
            }
        }
    }
}
