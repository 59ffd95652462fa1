//! Reading a recording, also one that is damaged, cut off or still being written.
//!
//! Refuses only what was never a recording. Takes at most one record into memory;
//! never panics, whatever the file says. Called by `show`.

use super::{DESCRIPTION_LIMIT, Description, HEAD, MAGIC, MARK, SUMMED, What};
use downbeat_protocol::codec::{DECODE_LIMIT, FNV_START, fnv1a};
use std::io::{self, Read};

/// How many bytes of a damaged place are kept to be shown.
pub(crate) const KEPT: usize = 256;
/// Bytes asked of the file at once.
const CHUNK: usize = 64 << 10;

/// What the file says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is a recording.
    Whole(Description),
    /// It may be one: its first bytes are damaged, for this reason.
    Damaged(&'static str),
}

/// The next thing in a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A record, as it was written.
    Record(Record),
    /// Bytes that are no record.
    Damaged(Damage),
    /// The file ends within a record; these bytes of it are there.
    Cut(Damage),
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) what: What,
    /// µs since the beginning.
    pub(crate) micros: u64,
    pub(crate) body: Vec<u8>,
}

/// A damaged place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Where it begins, in bytes from the file's beginning.
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// The first [`KEPT`] bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Reads piece after piece.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    file: R,
    buffer: Vec<u8>,
    /// What of the buffer has been taken.
    taken: usize,
    /// How far into the file that is.
    offset: u64,
}

impl<R: Read> Reader<R> {
    /// Reads what the file says about itself.
    ///
    /// # Errors
    /// If the file cannot be read, or is of a later version of the format.
    pub(crate) fn open(file: R) -> io::Result<(Self, Opening)> {
        let mut reader = Self {
            file,
            buffer: Vec::new(),
            taken: 0,
            offset: 0,
        };
        let opening = reader.opening()?;
        Ok((reader, opening))
    }

    fn opening(&mut self) -> io::Result<Opening> {
        let magic = MAGIC.len();
        if !self.fill(magic + 4)? || self.rest()[..magic - 1] != MAGIC[..magic - 1] {
            return Ok(Opening::Damaged("it does not begin as a recording does"));
        }
        let version = self.rest()[magic - 1];
        if version != MAGIC[magic - 1] {
            return Err(io::Error::other(format!(
                "the recording's format has version {version}, this program reads {}",
                MAGIC[magic - 1]
            )));
        }
        let length = number(&self.rest()[magic..magic + 4]) as usize;
        if length > DESCRIPTION_LIMIT || !self.fill(magic + 4 + length)? {
            return Ok(Opening::Damaged("its description is cut off"));
        }
        match serde_json::from_slice(&self.rest()[magic + 4..magic + 4 + length]) {
            Ok(about) => {
                self.take(magic + 4 + length);
                Ok(Opening::Whole(about))
            }
            Err(_) => Ok(Opening::Damaged("its description cannot be read")),
        }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        if !self.fill(HEAD)? {
            return Ok(self.cut());
        }
        let Some(head) = Head::parse(self.rest()) else {
            return self.damage(1).map(Some);
        };
        if !self.fill(HEAD + head.length)? {
            return Ok(self.cut());
        }
        let body = &self.rest()[HEAD..HEAD + head.length];
        if fnv1a(FNV_START, body) != head.sum {
            // The head was true, but its length need not be the body's any more.
            return self.damage(HEAD).map(Some);
        }
        let record = Record {
            what: head.what,
            micros: head.micros,
            body: body.to_vec(),
        };
        self.take(HEAD + head.length);
        Ok(Some(Piece::Record(record)))
    }

    /// Whether the next piece has to be read first.
    pub(crate) fn is_drained(&self) -> bool {
        self.rest().is_empty()
    }

    /// All that is left is less than a record.
    fn cut(&mut self) -> Option<Piece> {
        let rest = self.rest();
        let damage = Damage {
            offset: self.offset,
            length: rest.len() as u64,
            bytes: rest[..rest.len().min(KEPT)].to_vec(),
        };
        self.take(damage.length as usize);
        (damage.length > 0).then_some(Piece::Cut(damage))
    }

    /// Passes over so many bytes, and everything up to the next head.
    fn damage(&mut self, passed: usize) -> io::Result<Piece> {
        let mut damage = Damage {
            offset: self.offset,
            length: 0,
            bytes: Vec::new(),
        };
        self.pass(&mut damage, passed);
        while self.fill(HEAD)? {
            if Head::parse(self.rest()).is_some() {
                return Ok(Piece::Damaged(damage));
            }
            let mark = self.rest()[1..].iter().position(|byte| *byte == MARK[0]);
            let step = mark.map_or(self.rest().len(), |at| at + 1);
            self.pass(&mut damage, step);
        }
        let rest = self.rest().len();
        self.pass(&mut damage, rest);
        Ok(Piece::Damaged(damage))
    }

    fn pass(&mut self, damage: &mut Damage, bytes: usize) {
        let kept = (KEPT - damage.bytes.len()).min(bytes);
        damage.bytes.extend_from_slice(&self.rest()[..kept]);
        damage.length += bytes as u64;
        self.take(bytes);
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    fn take(&mut self, bytes: usize) {
        self.taken += bytes;
        self.offset += bytes as u64;
    }

    /// Reads until so many bytes are there; `false` if the file ends before.
    fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        while self.rest().len() < bytes {
            if self.taken >= CHUNK {
                self.buffer.drain(..self.taken);
                self.taken = 0;
            }
            let old = self.buffer.len();
            self.buffer.resize(old + CHUNK, 0);
            let read = loop {
                match self.file.read(&mut self.buffer[old..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            self.buffer.truncate(old + *read.as_ref().unwrap_or(&0));
            if read? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What stands before a body.
struct Head {
    what: What,
    micros: u64,
    length: usize,
    sum: u32,
}

impl Head {
    /// `None` if these are not a head, or fewer bytes than one.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD)?;
        let sum = number(&head[SUMMED..]) as u32;
        if head[..2] != MARK || fnv1a(FNV_START, &head[..SUMMED]) != sum {
            return None;
        }
        let length = number(&head[11..15]) as usize;
        (length <= DECODE_LIMIT).then_some(Self {
            what: What::from_byte(head[2])?,
            micros: number(&head[3..11]),
            length,
            sum: number(&head[15..SUMMED]) as u32,
        })
    }
}

/// An integer in little endian, of at most eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::Tape;
    use super::*;
    use std::time::Duration;

    fn about() -> Description {
        Description {
            protocol: 1,
            game: "arena/1".into(),
            url: "ws://127.0.0.1:4000/ws".into(),
            date: "2026-01-01T00:00:00Z".into(),
            client: "a test".into(),
        }
    }

    /// Five records with the bodies `0`, `1 1`, … and so on.
    fn tape() -> Vec<u8> {
        let mut file = Vec::new();
        let mut tape = Tape::begin(&mut file, &about(), u64::MAX).unwrap();
        for number in 0..5u8 {
            let body = vec![number; usize::from(number) + 1];
            let what = What::from_byte(number).unwrap();
            tape.add(what, Duration::from_millis(u64::from(number)), &body)
                .unwrap();
        }
        file
    }

    /// The file's pieces, read by this many bytes at a time.
    fn pieces(file: &[u8], step: usize) -> (Opening, Vec<Piece>) {
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let step = self.1.min(out.len());
                self.0.read(&mut out[..step])
            }
        }
        let (mut reader, opening) = Reader::open(Slow(file, step)).unwrap();
        let pieces = std::iter::from_fn(|| reader.next().unwrap()).collect();
        (opening, pieces)
    }

    /// The first bytes of the bodies, which number the records.
    fn numbers(pieces: &[Piece]) -> Vec<u8> {
        let records = pieces.iter().filter_map(|piece| match piece {
            Piece::Record(record) => Some(record.body[0]),
            _ => None,
        });
        records.collect()
    }

    #[test]
    fn what_was_written_is_read() {
        for step in [1, 7, usize::MAX] {
            let (opening, pieces) = pieces(&tape(), step);
            assert_eq!(opening, Opening::Whole(about()));
            assert_eq!(pieces.len(), 5);
            let last = Record {
                what: What::Lost,
                micros: 4000,
                body: vec![4; 5],
            };
            assert_eq!(pieces[4], Piece::Record(last));
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_whole_up_to_the_cut() {
        let file = tape();
        let (mut last, mut most) = (0, 0);
        for end in 0..file.len() {
            let (opening, pieces) = pieces(&file[..end], usize::MAX);
            let found = numbers(&pieces);
            assert_eq!(found, (0..found.len() as u8).collect::<Vec<_>>());
            assert!(found.len() >= last, "a longer file holds no less");
            (last, most) = (found.len(), most.max(found.len()));
            let bad = pieces.len() - found.len();
            assert!(bad <= 1, "cut at {end}: {pieces:?}");
            if matches!(opening, Opening::Whole(_)) {
                assert!(
                    !pieces
                        .iter()
                        .any(|piece| matches!(piece, Piece::Damaged(_))),
                    "a cut is no damage: {pieces:?}"
                );
            }
        }
        assert_eq!(most, 4, "all but the last");
    }

    #[test]
    fn one_wrong_byte_costs_one_record() {
        let file = tape();
        let first = file.len() - (0..5).map(|n| HEAD + n + 1).sum::<usize>();
        for wrong in 0..file.len() {
            let mut file = file.clone();
            file[wrong] ^= 0x55;
            let Ok((mut reader, opening)) = Reader::open(&file[..]) else {
                assert_eq!(wrong, 7, "only the version makes it unreadable");
                continue;
            };
            let pieces: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).collect();
            let found = numbers(&pieces);
            if wrong < first {
                assert_eq!(found.len(), 5, "byte {wrong}: {opening:?} {pieces:?}");
            } else {
                assert_eq!(found.len(), 4, "byte {wrong}: {pieces:?}");
                assert_eq!(pieces.len(), 5, "and the damage, byte {wrong}: {pieces:?}");
            }
        }
    }

    #[test]
    fn missing_and_foreign_bytes_are_passed_over() {
        let whole = tape();
        let second = whole.len() - (1..5).map(|n| HEAD + n + 1).sum::<usize>();
        let missing = [&whole[..second + 3], &whole[second + 9..]].concat();
        assert_eq!(numbers(&pieces(&missing, 5).1), [0, 2, 3, 4]);

        let foreign: Vec<u8> = std::iter::repeat_n(MARK, 40_000).flatten().collect();
        let file = [&whole[..second], &foreign, &whole[second..]].concat();
        let (_, pieces) = pieces(&file, usize::MAX);
        assert_eq!(numbers(&pieces), [0, 1, 2, 3, 4]);
        match &pieces[1] {
            Piece::Damaged(damage) => {
                assert_eq!((damage.offset, damage.length), (second as u64, 80_000));
                assert_eq!(damage.bytes, foreign[..KEPT]);
            }
            other => panic!("{other:?}"),
        }
    }
}
