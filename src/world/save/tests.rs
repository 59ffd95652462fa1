//! A room that was saved is the room it was, and nothing else is loaded.

use super::*;
use crate::game::arena::{Arena, Config};
use crate::game::{Game, Profile};
use crate::world::End;
use crate::world::puppet::{Puppet, config};
use downbeat_protocol::arena::Input;
use downbeat_protocol::{Reason, Seq};

fn stamp() -> Stamp {
    let settings = BTreeMap::from([("size".to_owned(), "6144".to_owned())]);
    Stamp::of::<Arena>("test", 30, settings)
}

fn arena() -> Core<Arena> {
    Core::new(config(), Arena::new(&Config::default(), 30, 7))
}

fn tick(core: &mut Core<Arena>) {
    core.tick(&mut ())
        .expect("the arena's types can be encoded");
}

fn wish(player: usize, tick: u32) -> Input {
    let x = (player as u32 * 7919) ^ (tick / 7 * 104_729);
    Input {
        controls: (x & 0x3F) as u8,
        aim: (x >> 3) as u16 & 4095,
    }
}

/// Everybody takes what there is and sends his wish.
fn play(core: &mut Core<Arena>, puppets: &mut [Puppet<Arena>], ticks: u32) {
    for _ in 0..ticks {
        tick(core);
        for (player, puppet) in puppets.iter_mut().enumerate() {
            puppet.take();
            puppet.send(wish(player, core.now().0));
        }
    }
}

/// Sends everybody away at once.
fn part(core: &mut Core<Arena>) {
    core.part(Reason::Restarting.into(), 0);
    for _ in 0..2 {
        assert!(!core.has_parted(), "not before they know it");
        tick(core);
    }
    assert!(core.has_parted());
}

/// A room in which three have played for a while.
fn parted() -> (Core<Arena>, Vec<Puppet<Arena>>) {
    let mut core = arena();
    let names = ["ada", "bob", "eve"];
    let mut puppets: Vec<_> = names.map(|name| Puppet::join(&mut core, name)).into();
    play(&mut core, &mut puppets, 200);
    part(&mut core);
    (core, puppets)
}

fn loaded(core: &Core<Arena>) -> Core<Arena> {
    let bytes = core.save(&stamp()).expect("it can be saved");
    let saved = Saved::read(&bytes, &stamp()).expect("it can be loaded");
    Core::restore(config(), saved)
}

/// The game's checksum at every tick.
fn sums(core: &mut Core<Arena>, puppets: &mut [Puppet<Arena>], ticks: u32) -> Vec<u32> {
    let sum = |_| {
        play(core, puppets, 1);
        core.game().checksum()
    };
    (0..ticks).map(sum).collect()
}

#[test]
fn a_loaded_room_goes_on_as_the_one_that_was_saved() {
    let (mut core, puppets) = parted();
    let mut other = loaded(&core);
    assert_eq!((other.now(), other.players()), (core.now(), 3));
    assert_eq!(other.in_limbo(), 3);

    // The one that was not interrupted takes them back, too.
    core.parting = None;
    for member in &mut core.members {
        member.is_dismissed = false;
    }
    let tokens: Vec<_> = puppets
        .iter()
        .map(|p| p.welcome.as_ref().unwrap().resume)
        .collect();
    let come_back = |core: &mut Core<Arena>| {
        let back = ["ada", "bob", "eve"].iter().zip(&tokens);
        let mut back: Vec<_> = back
            .map(|(name, token)| Puppet::join_with(core, name, Some(*token), &format!("{name} 2")))
            .collect();
        back.push(Puppet::join(core, "new"));
        tick(core);
        back.iter_mut().for_each(Puppet::take);
        back
    };
    let (mut here, mut there) = (come_back(&mut core), come_back(&mut other));
    let expected = sums(&mut core, &mut here, 300);
    let found = sums(&mut other, &mut there, 300);
    assert!(found == expected, "the checksums are others");
    for (player, before) in puppets.iter().enumerate() {
        let (was, is) = (
            before.welcome.as_ref().unwrap(),
            there[player].welcome.as_ref().unwrap(),
        );
        assert_eq!(is.player, was.player, "the same player");
        // One a tick, the last in the tick in which he was told.
        assert_eq!(is.applied, Seq(200), "his inputs go on where they were");
        assert_ne!(is.resume, was.resume, "his token was good for one return");
        assert_eq!(there[player].resets, 1, "he starts with the whole picture");
    }
    let newcomer = there[3].welcome.as_ref().unwrap().player;
    assert_eq!(newcomer, PlayerId(4), "no number is given twice");
}

#[test]
fn who_does_not_come_back_is_gone_after_a_whole_limbo() {
    let (core, puppets) = parted();
    let mut core = loaded(&core);
    let limbo = core.config.limbo;
    for _ in 0..limbo - 1 {
        tick(&mut core);
    }
    assert_eq!(core.in_limbo(), 3);
    let token = puppets[0].welcome.as_ref().unwrap().resume;
    let mut late = Puppet::join_with(&mut core, "ada", Some(token), "late");
    tick(&mut core);
    late.take();
    assert_eq!(core.players(), 1, "they are gone");
    let id = late.welcome.unwrap().player;
    assert_eq!(id, PlayerId(4), "she is somebody new");
}

#[test]
fn a_drain_that_outlasts_the_limbo_loses_nobody() {
    let mut core = arena();
    let mut puppets: Vec<_> = (0..3).map(|_| Puppet::join(&mut core, "p")).collect();
    play(&mut core, &mut puppets, 10);
    // One is in limbo already, one is told at once, one at the very end.
    drop(puppets.remove(0));
    tick(&mut core);
    let over = 3 * core.config.limbo;
    core.part(Reason::Restarting.into(), over);
    while !core.has_parted() {
        tick(&mut core);
        puppets.iter_mut().for_each(Puppet::take_and_acknowledge);
    }
    let told = puppets
        .iter()
        .map(|puppet| puppet.end.as_ref().unwrap().reason);
    assert!(told.eq([Reason::Restarting; 2]));
    assert_eq!(loaded(&core).players(), 3);
}

#[test]
fn who_was_told_plays_no_more_and_who_looks_on_or_was_evicted_is_not_kept() {
    let mut core = arena();
    let mut puppets: Vec<_> = (0..2).map(|_| Puppet::join(&mut core, "p")).collect();
    let _watcher: Puppet<Arena> = Puppet::watch(&mut core);
    play(&mut core, &mut puppets, 10);
    let whom = crate::world::Whom::Player(PlayerId(2));
    core.part(Reason::Restarting.into(), 0);
    tick(&mut core);
    core.evict(&whom, &End::from(Reason::Kicked));
    let applied = core.members[0].pending.applied;
    puppets[0].send(Input::default());
    tick(&mut core);
    assert!(core.has_parted());
    let core = loaded(&core);
    let members = core
        .members
        .iter()
        .map(|member| (member.id, member.pending.applied));
    assert!(members.eq([(PlayerId(1), applied)]));
}

#[test]
fn an_account_stays_with_its_player() {
    let mut core = arena();
    let of = |account: &str| Profile {
        name: account.into(),
        account: Some(account.into()),
    };
    let mut ada = Puppet::join_as(&mut core, of("ada"), None, "one");
    play(&mut core, std::slice::from_mut(&mut ada), 3);
    part(&mut core);
    let mut core = loaded(&core);
    let token = Some(ada.welcome.unwrap().resume);
    for (who, player) in [("eve", 2), ("ada", 1)] {
        let mut back = Puppet::join_as(&mut core, of(who), token, "two");
        tick(&mut core);
        back.take();
        assert_eq!(back.welcome.unwrap().player, PlayerId(player), "{who}");
    }
}

#[test]
fn nothing_but_the_whole_save_is_loaded() {
    let (core, _) = parted();
    let good = core.save(&stamp()).unwrap();
    let read = |bytes: &[u8]| Saved::<Arena>::read(bytes, &stamp()).err();
    assert_eq!(read(&good), None);

    for have in 0..good.len() {
        let cause = read(&good[..have]);
        let expected = match have {
            0..8 => BadSave::Foreign,
            8..18 => BadSave::Truncated { have, all: HEAD },
            _ => BadSave::Truncated {
                have,
                all: good.len(),
            },
        };
        assert_eq!(cause, Some(expected), "{have} bytes");
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(read(&bad).is_some(), "byte {at} is another");
    }
    let damaged = |at: usize| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        read(&bad)
    };
    assert_eq!(damaged(0), Some(BadSave::Foreign));
    assert_eq!(damaged(8), Some(BadSave::Version(0)));
    assert_eq!(damaged(9), Some(BadSave::Version(257)), "a newer one");
    for at in [14, HEAD, good.len() - 1] {
        assert_eq!(damaged(at), Some(BadSave::Damaged), "byte {at}");
    }
    let more = [&good[..], &[0, 0]].concat();
    assert_eq!(read(&more), Some(BadSave::Trailing(2)));
}

/// The save with another body, and the sums it then needs.
fn forged(good: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = good[..10].to_vec();
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&fnv1a(FNV_START, body).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn a_whole_save_that_says_nonsense_is_told_apart() {
    let (core, _) = parted();
    let good = core.save(&stamp()).unwrap();
    let read = |body: &[u8]| Saved::<Arena>::read(&forged(&good, body), &stamp()).err();
    let (_, rest) = part_of::<Stamp>(&good[HEAD..]);
    let (mut register, game) = part_of::<Register>(rest);
    let body = |register: &Register, game: &[u8]| {
        let head = codec::encode(&(stamp(), register)).unwrap();
        [&head, game].concat()
    };
    assert_eq!(read(&body(&register, game)), None, "as it was");

    let unreadable = |error| Some(BadSave::Unreadable(error));
    let short = &game[..game.len() - 1];
    assert_eq!(
        read(&body(&register, short)),
        unreadable(DecodeError::Truncated)
    );
    let long = [game, &[0]].concat();
    assert_eq!(
        read(&body(&register, &long)),
        unreadable(DecodeError::Trailing(1))
    );

    let saved = register.checksum;
    register.checksum ^= 1;
    let changed = BadSave::Changed {
        saved: saved ^ 1,
        loaded: saved,
    };
    assert_eq!(read(&body(&register, game)), Some(changed));
    register.checksum = saved;
    register.members.swap(0, 1);
    assert_eq!(read(&body(&register, game)), Some(BadSave::Disorder));
    register.members.swap(0, 1);
    register.last_player = PlayerId(2);
    assert_eq!(read(&body(&register, game)), Some(BadSave::Disorder));
}

fn part_of<T: DeserializeOwned>(bytes: &[u8]) -> (T, &[u8]) {
    super::part(bytes).unwrap()
}

#[test]
fn a_save_is_for_the_same_room_of_the_same_game_only() {
    let (core, _) = parted();
    let good = core.save(&stamp()).unwrap();
    let size = |size: &str| BTreeMap::from([("size".to_owned(), size.to_owned())]);
    let of = |change: fn(&mut Stamp)| {
        let mut stamp = stamp();
        change(&mut stamp);
        stamp
    };
    for (here, told) in [
        (
            of(|s| s.game = "tug/1".into()),
            "the game was arena/1 and is tug/1",
        ),
        (
            of(|s| s.state = 2),
            "the version of the game's state was 1 and is 2",
        ),
        (
            of(|s| s.room = "duel".into()),
            "the room was test and is duel",
        ),
        (of(|s| s.tick_rate = 20), "tick_rate was 30 and is 20"),
        (
            Stamp::of::<Arena>("test", 30, size("2048")),
            "game.size was 6144 and is 2048",
        ),
        (
            Stamp::of::<Arena>("test", 30, BTreeMap::new()),
            "game.size was 6144 and is absent",
        ),
        (
            of(|s| {
                s.settings.insert("drones".into(), "3".into());
            }),
            "game.drones was absent and is 3",
        ),
    ] {
        let misfit = Saved::<Arena>::read(&good, &here).err().unwrap();
        assert_eq!(misfit.to_string(), told);
    }
}
