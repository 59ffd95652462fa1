//! A room without actix, clock or sockets: time, joins and randomness are
//! arguments.
//!
//! Owns the tick. Whatever a room does it does in [`Core::tick`], in seven steps;
//! the files `drain`, `snapshot` and `watch` beside this one hold them.

use super::backlog::Backlog;
use super::cells::Cells;
use super::inbox::Mail;
use super::member::{Join, Member};
use super::observe::{Observer, Phase, Tally};
use super::outlet::End;
use super::overload::{Overload, Step};
use super::parting::Parting;
use super::snapshot::Scratch;
use crate::game::{Audience, Entity, Event, Game, Input, Outcome, TickInput};
use bytes::Bytes;
use downbeat_protocol::codec::EncodeError;
use downbeat_protocol::message::Welcome;
use downbeat_protocol::{PlayerId, Reason, ServerMessage, Tick, codec};

/// What a room needs to know. Times are in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreConfig {
    /// The room's name.
    pub room: String,
    /// Ticks per second, 1–240.
    pub tick_rate: u32,
    /// Ticks from one snapshot to the next, at least 1.
    pub snapshot_interval: u32,
    /// Snapshots from one checksum to the next; 0: none.
    pub checksum_interval: u32,
    /// Players at most, limbo included, and spectators.
    pub max_players: usize,
    /// Inputs of one player that may wait; the oldest is dropped.
    pub max_pending: usize,
    /// Bytes of snapshots per second that a player is to be sent; 0: no limit.
    pub byte_rate: u32,
    /// How far the room may degrade under overload.
    pub overload: Step,
    /// How far acknowledgements may lag before snapshots are skipped.
    pub in_flight: u32,
    /// How far they may lag before the session ends as too slow.
    pub behind: u32,
    /// How long a player may say nothing.
    pub idle: u32,
    /// How long a player whose link is lost may come back.
    pub limbo: u32,
    /// The tick to start at.
    pub start: Tick,
}

/// A room's game, its members and all that is needed to tell them of it.
pub struct Core<G: Game> {
    pub(super) config: CoreConfig,
    pub(super) game: G,
    pub(super) tick: Tick,
    /// Ordered by id.
    pub(super) members: Vec<Member<G>>,
    /// Joins since the last tick.
    pub(super) knocking: Vec<Join<Input<G>>>,
    /// Set when the server goes.
    pub(super) parting: Option<Parting>,
    pub(super) last_player: PlayerId,
    /// What reaches the game in the tick in the making.
    pub(super) input: TickInput<Input<G>>,
    pub(super) outcome: Outcome,
    /// Who is owed a welcome in this tick.
    pub(super) newcomers: Vec<PlayerId>,
    pub(super) cells: Cells<Entity<G>>,
    /// The tick of the last snapshot, the cells' baseline.
    pub(super) shown: Tick,
    /// How strained the room is, and how far it has degraded.
    pub(super) overload: Overload,
    /// How much of its period the last tick took.
    pub(super) took: f32,
    /// How far the sockets' threads are behind.
    pub(super) backlog: Backlog,
    /// Snapshots until the next checksum.
    pub(super) until_checksum: u32,
    pub(super) tally: Tally,
    /// A scratch mailbox, exchanged with each member's.
    pub(super) mail: Mail<Input<G>>,
    pub(super) scratch: Scratch,
}

impl<G: Game> Core<G> {
    /// A room around a game.
    #[must_use]
    pub fn new(config: CoreConfig, game: G) -> Self {
        Self {
            tick: config.start,
            shown: config.start,
            overload: Overload::new(config.tick_rate, config.overload),
            took: 0.0,
            backlog: Backlog::default(),
            config,
            game,
            members: Vec::new(),
            knocking: Vec::new(),
            parting: None,
            last_player: PlayerId(0),
            input: TickInput::default(),
            outcome: Outcome::default(),
            newcomers: Vec::new(),
            cells: Cells::new(),
            until_checksum: 0,
            tally: Tally::default(),
            mail: Mail::default(),
            scratch: Scratch::default(),
        }
    }

    /// Makes the next tick. This is all a room does:
    ///
    /// # Errors
    /// [`EncodeError`] if a type of the game cannot be encoded; the room is then
    /// of no use.
    pub fn tick(&mut self, observer: &mut impl Observer<Input<G>>) -> Result<Tally, EncodeError> {
        self.tick = self.tick.next();
        self.tally = Tally::default();
        self.overload.observe(self.took.max(self.backlog.strain));

        self.drain();
        observer.done(Phase::Drain);

        observer.input(&self.input);
        observer.done(Phase::Journal);

        self.step()?;
        observer.done(Phase::Step);

        let is_due = self.is_due();
        if is_due {
            self.view();
            observer.done(Phase::View);

            self.encode()?;
            observer.done(Phase::Encode);
        }

        self.send_events()?;
        if is_due {
            self.send_snapshots()?;
        }
        // In this order: who is rung for may have a snapshot, which takes the events along.
        self.scratch.posts.deliver();
        self.scratch.rings.clear();
        observer.done(Phase::Send);

        self.watch();
        self.tell_parting();
        observer.done(Phase::Watch);
        Ok(self.tally)
    }

    /// Somebody wants in; he is heard at the next tick, and answered through his
    /// link.
    pub fn join(&mut self, join: Join<Input<G>>) {
        match &self.parting {
            Some(parting) => join.link.end(parting.end.clone()),
            None => self.knocking.push(join),
        }
    }

    /// How much of its period the tick made last took, from its deadline to its end:
    /// 1 is all there is. Asked for by the next one.
    pub const fn took(&mut self, share: f32) {
        self.took = share;
    }

    /// How far the room has degraded under overload.
    #[must_use]
    pub const fn step_of_overload(&self) -> Step {
        self.overload.step()
    }

    /// Ends every session.
    pub fn end_all(&mut self, end: &End) {
        for join in self.knocking.drain(..) {
            join.link.end(end.clone());
        }
        for member in &self.members {
            if let Some(link) = member.link() {
                link.end(end.clone());
            }
        }
    }

    /// The tick made last.
    #[must_use]
    pub const fn now(&self) -> Tick {
        self.tick
    }

    /// How many players there are, limbo included.
    #[must_use]
    pub fn players(&self) -> usize {
        self.members
            .iter()
            .filter(|member| member.is_player())
            .count()
    }

    /// How many look on.
    #[must_use]
    pub fn spectators(&self) -> usize {
        self.members.len() - self.players()
    }

    /// How many of them are in limbo.
    #[must_use]
    pub fn in_limbo(&self) -> usize {
        self.members
            .iter()
            .filter(|member| member.link().is_none())
            .count()
    }

    /// Whether nobody is here and nobody is coming.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.knocking.is_empty()
    }

    /// The game, to look at.
    #[must_use]
    pub const fn game(&self) -> &G {
        &self.game
    }

    /// Step 3: the game moves on, and newcomers hear whether they are in.
    fn step(&mut self) -> Result<(), EncodeError> {
        self.outcome = self.input.apply(&mut self.game);
        self.tally.rejected += self.outcome.rejected;
        self.tally.applied -= self.outcome.rejected;

        for (player, refusal) in &self.outcome.refused {
            if let Ok(index) = self
                .members
                .binary_search_by_key(player, |member| member.id)
            {
                let member = &mut self.members[index];
                member.is_gone = true;
                if let Some(link) = member.link() {
                    link.end(End {
                        text: Some(refusal.0.clone()),
                        ..Reason::Refused.into()
                    });
                }
            }
        }
        self.members.retain(|member| !member.is_gone);
        for player in std::mem::take(&mut self.newcomers) {
            self.welcome(player)?;
        }
        Ok(())
    }

    fn welcome(&mut self, player: PlayerId) -> Result<(), EncodeError> {
        let Some(index) = self.index(player) else {
            return Ok(());
        };
        let member = &self.members[index];
        let welcome = ServerMessage::<G::Wire>::Welcome(Welcome {
            player: if member.is_player() {
                player
            } else {
                PlayerId(0)
            },
            tick: self.tick,
            applied: member.told.applied,
            tick_rate: self.config.tick_rate,
            snapshot_rate: self.config.tick_rate / self.config.snapshot_interval.max(1),
            room: self.config.room.clone(),
            name: member.name.clone(),
            resume: member.token,
            rules: self.game.rules(),
        });
        let ring = self.members[index].tell(codec::encode(&welcome)?.into());
        self.scratch.rings.extend(ring);
        Ok(())
    }

    /// The first half of step 6: events, encoded once for all who hear them.
    fn send_events(&mut self) -> Result<(), EncodeError> {
        let mut told: Vec<(Audience, Event<G>)> = Vec::new();
        self.game
            .events(&mut |audience, event| told.push((audience, event)));
        for (audience, event) in told {
            let bytes: Bytes = codec::encode(&ServerMessage::<G::Wire>::Event(event))?.into();
            match audience {
                Audience::All => {
                    for member in &mut self.members {
                        let ring = member.tell(bytes.clone());
                        self.tally.events += u32::from(ring.is_some());
                        self.scratch.rings.extend(ring);
                    }
                }
                Audience::Player(player) => {
                    if let Some(index) = self.index(player) {
                        let ring = self.members[index].tell(bytes);
                        self.tally.events += u32::from(ring.is_some());
                        self.scratch.rings.extend(ring);
                    }
                }
            }
        }
        Ok(())
    }

    fn index(&self, player: PlayerId) -> Option<usize> {
        self.members
            .binary_search_by_key(&player, |member| member.id)
            .ok()
    }
}
