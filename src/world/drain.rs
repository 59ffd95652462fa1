//! Step 1 of the tick: inboxes and knocks become the tick's input.
//!
//! Owns who enters, returns and leaves, and which of a player's inputs is used.

use super::core::Core;
use super::member::{Join, Member, Presence, Role};
use super::outlet::End;
use super::overload::Step;
use super::pending::Arrival;
use crate::game::{Game, Input, Leave};
use downbeat_protocol::{PlayerId, Reason};

impl<G: Game> Core<G> {
    pub(super) fn drain(&mut self) {
        self.input.clear(self.tick);
        for index in 0..self.members.len() {
            self.fetch(index);
        }
        for join in std::mem::take(&mut self.knocking) {
            self.enter(join);
        }
    }

    /// Empties one member's inbox.
    fn fetch(&mut self, index: usize) {
        let member = &mut self.members[index];
        if member.is_evicted {
            return self.leave(index, Leave::Gone);
        }
        let link = match &member.presence {
            Presence::Live(link) => link,
            Presence::Limbo(since) => {
                // When the server goes, time stands still for who cannot come back.
                let is_over = self.tick.since(*since) >= self.config.limbo;
                if is_over && self.parting.is_none() {
                    self.leave(index, Leave::Gone);
                }
                return;
            }
        };

        let mail = &mut self.mail;
        link.swap(mail);
        if std::mem::take(&mut mail.heard) {
            member.heard = self.tick;
        }
        if let Some(received) = mail.received.take() {
            member.acknowledge(received, self.tick);
        }
        if let Some(follows) = mail.follow.take() {
            member.follows = follows;
        }
        self.tally.dropped += std::mem::take(&mut mail.dropped);
        for arrived in mail.inputs.drain(..) {
            let is_late = self.tick.is_after(arrived.tick);
            match member.pending.arrive(arrived) {
                Arrival::Waits => self.tally.late += u32::from(is_late),
                Arrival::Duplicate => self.tally.duplicate += 1,
            }
        }
        self.tally.dropped += member.pending.bound(self.config.max_pending);

        match mail.leave.take() {
            Some(leave) => self.leave(index, leave),
            None if member.is_dismissed => self.leave(index, Leave::Quiet),
            None => {
                if let Some(input) = member.pending.next() {
                    self.tally.applied += 1;
                    self.input.inputs.push((member.id, input));
                }
            }
        }
    }

    /// A member leaves, for good or into limbo.
    pub(super) fn leave(&mut self, index: usize, leave: Leave) {
        let member = &mut self.members[index];
        if member.role == Role::Spectator {
            member.is_gone = true;
            return;
        }
        // Without a limbo there is nothing between here and gone.
        let leave = if self.config.limbo == 0 {
            Leave::Gone
        } else {
            leave
        };
        match leave {
            Leave::Gone => member.is_gone = true,
            Leave::Quiet => member.presence = Presence::Limbo(self.tick),
        }
        self.input.leaves.push((member.id, leave));
    }

    /// Somebody knocked: he returns to his player, or becomes a new one.
    fn enter(&mut self, join: Join<Input<G>>) {
        if let (Some(token), Role::Player) = (join.resume, join.role) {
            // The right to a player is of no use to another account.
            let known = self.members.iter_mut().find(|member| {
                member.token == token
                    && member.account == join.profile.account
                    && member.is_player()
                    && !member.is_gone
            });
            if let Some(member) = known {
                self.newcomers.push(member.id);
                match member.resume(join, self.tick) {
                    Presence::Live(link) => link.end(Reason::TakenOver),
                    Presence::Limbo(_) => self.input.rejoins.push(member.id),
                }
                return;
            }
        }
        if self.overload.step() >= Step::NoJoins {
            return join.link.end(End {
                text: Some("the room is overloaded, try again later".into()),
                ..Reason::Full.into()
            });
        }
        if self.members.len() >= self.config.max_players {
            join.link.end(Reason::Full);
            return;
        }
        self.last_player = PlayerId(self.last_player.0 + 1);
        let id = self.last_player;
        if join.role == Role::Player {
            self.input.joins.push((id, join.profile.clone()));
        }
        self.newcomers.push(id);
        self.members.push(Member::new(id, join, self.tick));
    }
}
