//! A room as bytes and back: how it outlives its process.
//!
//! Owns the layout of a save, what must be the same where it is loaded, and what of a
//! member is kept. Knows no files; the world's actor writes saves, the lobby reads
//! them. All that a room knows is between two ticks, when nobody is linked.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `downbeat` |
//! | 2 | [`VERSION`], little endian; it stays here whatever else changes |
//! | 4 | how many bytes follow the sum, little endian |
//! | 4 | FNV-1a (32 bits) over those, little endian |
//! | … | the [`Stamp`], the members, the game; each as `protocol::codec` writes it |

use super::core::{Core, CoreConfig};
use super::member::{Keepsake, Member, Presence};
use crate::game::Game;
use downbeat_protocol::codec::{self, DecodeError, EncodeError, FNV_START, fnv1a};
use downbeat_protocol::{PlayerId, Tick, Wire};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the layout.
const VERSION: u16 = 1;
/// What every save begins with.
const MAGIC: &[u8; 8] = b"downbeat";
/// From the first byte to the stamp.
const HEAD: usize = 18;

/// How large a save may be, in bytes: some hundred for each of the most players a room
/// can have leave most of it to the game.
pub const SAVE_LIMIT: usize = 64 << 20;

/// What a save is of. It is loaded only where all of this is the same, because the
/// game has it all in its state or was built from it. The seed is not part of it: what
/// has become of it is in the game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The game's [`Wire::SCHEMA`].
    pub game: String,
    /// Its [`Game::STATE_VERSION`].
    pub state: u32,
    /// The room's name.
    pub room: String,
    /// Ticks per second.
    pub tick_rate: u32,
    /// The game's own settings.
    pub settings: BTreeMap<String, String>,
}

impl Stamp {
    /// Of a room of the game `G`; `settings` are the game's own.
    #[must_use]
    pub fn of<G: Game>(room: &str, tick_rate: u32, settings: BTreeMap<String, String>) -> Self {
        Self {
            game: G::Wire::SCHEMA.to_owned(),
            state: G::STATE_VERSION,
            room: room.to_owned(),
            tick_rate,
            settings,
        }
    }

    /// The first thing in which a save with the stamp `saved` does not fit here.
    fn misfit(&self, saved: &Self) -> Option<Misfit> {
        let misfit = |what: &str, saved: &dyn ToString, here: &dyn ToString| Misfit {
            what: what.to_owned(),
            saved: saved.to_string(),
            here: here.to_string(),
        };
        if saved.game != self.game {
            return Some(misfit("the game", &saved.game, &self.game));
        }
        if saved.room != self.room {
            return Some(misfit("the room", &saved.room, &self.room));
        }
        if saved.state != self.state {
            let what = "the version of the game's state";
            return Some(misfit(what, &saved.state, &self.state));
        }
        if saved.tick_rate != self.tick_rate {
            return Some(misfit("tick_rate", &saved.tick_rate, &self.tick_rate));
        }
        let keys = saved.settings.keys().chain(self.settings.keys());
        let of = |settings: &BTreeMap<String, String>, key| match settings.get(key) {
            Some(value) => value.clone(),
            None => "absent".to_owned(),
        };
        keys.map(|key| (key, of(&saved.settings, key), of(&self.settings, key)))
            .find(|(_, saved, here)| saved != here)
            .map(|(key, saved, here)| misfit(&format!("game.{key}"), &saved, &here))
    }
}

/// Why a room could not be saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// The game's type cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It is larger than [`SAVE_LIMIT`].
    #[error("its {0} bytes are more than {SAVE_LIMIT}")]
    TooLarge(usize),
    /// It is gone.
    #[error("the room failed")]
    Failed,
}

/// Why a save cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSave {
    /// It does not begin as one.
    #[error("it is no save of a room")]
    Foreign,
    /// Another version of the layout.
    #[error("its format has version {0}, this server reads version {VERSION}")]
    Version(u16),
    /// It ends too early.
    #[error("it is cut off: {have} of {all} bytes are there")]
    Truncated {
        /// Bytes that are there.
        have: usize,
        /// Bytes that should be.
        all: usize,
    },
    /// Something follows it.
    #[error("{0} bytes too many follow it")]
    Trailing(usize),
    /// Its bytes are not those that were written.
    #[error("it is damaged: its checksum is wrong")]
    Damaged,
    /// It is whole, but not of this server.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The game, or this server, does not read what it once wrote.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// Its members have no order.
    #[error("its players are in disorder")]
    Disorder,
    /// The game that was loaded is not the one that was saved.
    #[error("the loaded game's checksum is {loaded:08x}, the saved one's was {saved:08x}")]
    Changed {
        /// As it was.
        saved: u32,
        /// As it is.
        loaded: u32,
    },
}

/// In what a save does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} was {saved} and is {here}")]
pub struct Misfit {
    what: String,
    saved: String,
    here: String,
}

/// What a room knows beside its game.
#[derive(Serialize, Deserialize)]
struct Register {
    tick: Tick,
    /// The player's number given last: no newcomer gets it again.
    last_player: PlayerId,
    /// The game's.
    checksum: u32,
    /// By id.
    members: Vec<Keepsake>,
}

/// A room that was saved: all that a core needs to go on.
pub struct Saved<G> {
    register: Register,
    game: G,
}

impl<G: Game> Saved<G> {
    /// Reads a save.
    ///
    /// # Errors
    /// [`BadSave`] if it is none, or none for a room with this stamp.
    pub fn read(bytes: &[u8], stamp: &Stamp) -> Result<Self, BadSave> {
        let rest = open(bytes)?;
        let (saved, rest) = part::<Stamp>(rest)?;
        if let Some(misfit) = stamp.misfit(&saved) {
            return Err(misfit.into());
        }
        let (register, rest) = part::<Register>(rest)?;
        let (game, rest) = part::<G>(rest)?;
        if !rest.is_empty() {
            return Err(DecodeError::Trailing(rest.len()).into());
        }
        let Register {
            last_player,
            checksum,
            ref members,
            ..
        } = register;
        let in_order = members.is_sorted_by(|a, b| a.id < b.id);
        if !in_order || members.last().is_some_and(|last| last.id > last_player) {
            return Err(BadSave::Disorder);
        }
        match game.checksum() {
            loaded if loaded == checksum => Ok(Self { register, game }),
            loaded => Err(BadSave::Changed {
                saved: checksum,
                loaded,
            }),
        }
    }

    /// The tick it was saved after.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.register.tick
    }

    /// How many players may come back to it.
    #[must_use]
    pub fn players(&self) -> usize {
        self.register.members.len()
    }
}

impl<G: Game> Core<G> {
    /// The room as it goes on: at its next tick, with everybody in limbo from now on.
    #[must_use]
    pub fn restore(config: CoreConfig, saved: Saved<G>) -> Self {
        let Saved { register, game } = saved;
        let start = register.tick;
        let mut core = Self::new(CoreConfig { start, ..config }, game);
        core.last_player = register.last_player;
        let members = register.members.into_iter();
        core.members
            .extend(members.map(|keepsake| Member::of(keepsake, Presence::Limbo(start), start)));
        core
    }

    /// The room as bytes. To be called when it [has parted](Self::has_parted): the game
    /// then knows that nobody is linked, as it must when it is loaded.
    ///
    /// # Errors
    /// [`NotSaved`] if the game cannot be written, or is too large.
    pub fn save(&self, stamp: &Stamp) -> Result<Vec<u8>, NotSaved> {
        let players = self.members.iter().filter(|member| member.is_player());
        let register = Register {
            tick: self.tick,
            last_player: self.last_player,
            checksum: self.game.checksum(),
            members: players.map(Member::keepsake).collect(),
        };
        let mut bytes = vec![0; HEAD];
        codec::encode_to(stamp, &mut bytes)?;
        codec::encode_to(&register, &mut bytes)?;
        codec::encode_to(&self.game, &mut bytes)?;
        if bytes.len() > SAVE_LIMIT {
            return Err(NotSaved::TooLarge(bytes.len()));
        }
        let (head, rest) = bytes.split_at_mut(HEAD);
        head[..8].copy_from_slice(MAGIC);
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        // Below the limit, so within 32 bits.
        head[10..14].copy_from_slice(&(rest.len() as u32).to_le_bytes());
        head[14..].copy_from_slice(&fnv1a(FNV_START, rest).to_le_bytes());
        Ok(bytes)
    }
}

/// What follows the head of a whole and undamaged save. Any change of a single byte is
/// found: a step of FNV-1a takes different sums to different sums.
fn open(bytes: &[u8]) -> Result<&[u8], BadSave> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(BadSave::Foreign)?;
    let cut_off = |all| BadSave::Truncated {
        have: bytes.len(),
        all,
    };
    let (version, rest) = rest.split_first_chunk().ok_or(cut_off(HEAD))?;
    match u16::from_le_bytes(*version) {
        VERSION => {}
        other => return Err(BadSave::Version(other)),
    }
    let (length, rest) = rest.split_first_chunk().ok_or(cut_off(HEAD))?;
    let (sum, rest) = rest.split_first_chunk().ok_or(cut_off(HEAD))?;
    let length = u32::from_le_bytes(*length) as usize;
    if rest.len() < length {
        return Err(cut_off(HEAD + length));
    }
    if rest.len() > length {
        return Err(BadSave::Trailing(rest.len() - length));
    }
    if fnv1a(FNV_START, rest) != u32::from_le_bytes(*sum) {
        return Err(BadSave::Damaged);
    }
    Ok(rest)
}

/// The value at the front, and what follows it.
fn part<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), DecodeError> {
    // An integer that takes a byte may claim sixteen.
    codec::decode_prefix_within::<{ 16 * SAVE_LIMIT }, T>(bytes)
}

#[cfg(test)]
mod tests;
