//! A player without a socket: what he counts as used, numbers, gives up and refuses.

use super::*;
use downbeat_protocol::arena::{ArenaWire, Event, Input, Rules};
use downbeat_protocol::codec::FNV_START;
use downbeat_protocol::{Snapshot, Tick};

const MS: Duration = Duration::from_millis(1);

fn player(applied: Seq) -> Player<ArenaWire> {
    let welcome = ServerMessage::<ArenaWire>::Welcome(Welcome {
        player: PlayerId(7),
        tick: Tick(u32::MAX),
        applied,
        tick_rate: 30,
        snapshot_rate: 30,
        room: "main".into(),
        name: "bot-0".into(),
        resume: ResumeToken([0; 16]),
        rules: Rules::new(30, 4000),
    });
    match answer(&codec::encode(&welcome).unwrap(), Pool::default()).unwrap() {
        Answer::Welcome(player) => *player,
        Answer::Bye { .. } => panic!("a welcome is no bye"),
    }
}

fn snapshot(applied: u32, checksum: Option<u32>) -> Vec<u8> {
    let snapshot = ServerMessage::<ArenaWire>::Snapshot(Snapshot {
        elapsed: 1,
        applied,
        waiting: 3,
        pace: None,
        own: None,
        checksum,
        reset: false,
        hidden: vec![],
        cells: vec![],
    });
    codec::encode(&snapshot).unwrap()
}

/// Sends inputs meant for these moments, in milliseconds.
fn send(player: &mut Player<ArenaWire>, start: Instant, moments: impl IntoIterator<Item = u32>) {
    for ms in moments {
        let given_up = player
            .input(start + ms * MS, 1, Input::default(), &mut Vec::new())
            .unwrap();
        assert_eq!(given_up, None);
    }
}

#[test]
fn each_input_is_acknowledged_once_by_the_snapshot_that_reaches_it() {
    // Also across the wrap of the input's number.
    for applied in [Seq(0), Seq(u32::MAX - 1)] {
        let mut player = player(applied);
        let start = Instant::now();
        send(&mut player, start, [0, 33, 67, 100]);
        let mut latencies = Vec::new();
        for (now, applied) in [(40, 1), (73, 0), (110, 2), (140, 1)] {
            let now = start + now * MS;
            let bytes = snapshot(applied, None);
            let heard = player.hear(&bytes, |at| latencies.push((now - at).as_millis()));
            assert_eq!(
                heard,
                Ok(Heard::Snapshot {
                    visible: 0,
                    waiting: 3
                })
            );
        }
        assert_eq!(latencies, [40, 77, 43, 40]);
        assert_eq!(player.open().count(), 0);
    }
}

#[test]
fn inputs_are_numbered_and_carry_the_last_tick_received() {
    let mut player = player(Seq(41));
    player.hear(&snapshot(0, None), |_| ()).unwrap();
    let mut bytes = Vec::new();
    let input = Input {
        controls: 1,
        aim: 2,
    };
    player.input(Instant::now(), 2, input, &mut bytes).unwrap();
    assert_eq!(
        codec::decode::<ClientMessage<Input>>(&bytes),
        Ok(ClientMessage::Input {
            seq: Seq(42),
            tick: Tick(2),
            received: Tick(0),
            input,
        })
    );
}

#[test]
fn an_input_never_sent_cannot_be_acknowledged() {
    let mut player = player(Seq(0));
    send(&mut player, Instant::now(), [0]);
    let heard = player.hear(&snapshot(2, None), |_| ());
    assert!(matches!(heard, Err(Trouble::Unexpected(_))), "{heard:?}");
}

#[test]
fn open_inputs_are_bounded_and_the_oldest_is_given_up() {
    let mut player = player(Seq(0));
    let start = Instant::now();
    send(&mut player, start, 0..OPEN_INPUTS as u32);
    let one_more = player.input(start, 1, Input::default(), &mut Vec::new());
    assert_eq!(one_more, Ok(Some(start)));
    let mut acknowledged = Vec::new();
    player
        .hear(&snapshot(2, None), |at| acknowledged.push(at))
        .unwrap();
    assert_eq!(
        acknowledged,
        [start + MS],
        "the given-up one is not heard of again"
    );
}

#[test]
fn a_wrong_checksum_is_found() {
    let mut player = player(Seq(0));
    let right = player.hear(&snapshot(0, Some(FNV_START)), |_| ());
    assert!(right.is_ok(), "{right:?}");
    let wrong = player.hear(&snapshot(0, Some(FNV_START ^ 1)), |_| ());
    assert!(
        matches!(wrong, Err(Trouble::Mirror(MirrorError::Desync { .. }))),
        "{wrong:?}"
    );
}

#[test]
fn what_does_not_belong_there_is_refused() {
    let event = ServerMessage::<ArenaWire>::Event(Event::Radar { blips: vec![] });
    let event = codec::encode(&event).unwrap();
    assert!(matches!(
        answer::<ArenaWire>(&event, Pool::default()),
        Err(Trouble::Unexpected(_))
    ));
    assert!(matches!(
        answer::<ArenaWire>(&[], Pool::default()),
        Err(Trouble::Decode(_))
    ));

    let mut player = player(Seq(0));
    let heard = player.hear(&event, |_| ());
    assert_eq!(heard, Ok(Heard::Event(Event::Radar { blips: vec![] })));
    for bytes in [&[][..], &[9], &[1, 2, 3], &[255; 40]] {
        let heard = player.hear(bytes, |_| ());
        assert!(
            matches!(heard, Err(Trouble::Decode(_))),
            "{bytes:?}: {heard:?}"
        );
    }
}
