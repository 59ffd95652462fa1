//! Whether text is UTF-8, as it arrives.
//!
//! Sans-IO, and without the text: it keeps the bytes of at most one unfinished
//! character, so that text may be cut anywhere (RFC 6455 section 8.1, RFC 3629).

/// Bytes that are judged at once.
const CHUNK: usize = 256;

/// One text so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Utf8 {
    /// The beginning of an unfinished character.
    tail: [u8; 3],
    have: usize,
}

impl Utf8 {
    /// Takes the next bytes; `false` if no text in UTF-8 begins like this. After
    /// that, do not push again.
    pub(super) fn push(&mut self, mut bytes: impl Iterator<Item = u8>) -> bool {
        let mut chunk = [0; CHUNK];
        loop {
            chunk[..self.have].copy_from_slice(&self.tail[..self.have]);
            let mut filled = self.have;
            for (place, byte) in chunk[filled..].iter_mut().zip(bytes.by_ref()) {
                *place = byte;
                filled += 1;
            }
            let end = match std::str::from_utf8(&chunk[..filled]) {
                Ok(_) => filled,
                // What is there of the last character may still become one.
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(_) => return false,
            };
            self.have = filled - end;
            self.tail[..self.have].copy_from_slice(&chunk[end..filled]);
            if filled < CHUNK {
                return true;
            }
        }
    }

    /// Whether no character is unfinished.
    pub(super) fn is_whole(&self) -> bool {
        self.have == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are taken one by one, and whether the text is then whole.
    fn taken(bytes: &[u8]) -> (usize, bool) {
        let mut text = Utf8::default();
        let good = bytes
            .iter()
            .take_while(|byte| text.push([**byte].into_iter()));
        (good.count(), text.is_whole())
    }

    #[test]
    fn the_first_impossible_byte_is_found() {
        for (bytes, good) in [
            (&b"\xCE\xBA\xED\xA0\x80"[..], 3),
            (b"a\xFF", 1),
            (b"\xC0\xAF", 0),
            (b"\xE0\x80", 1),
            (b"\xF4\x90", 1),
            (b"\xF5", 0),
            (b"\x80", 0),
        ] {
            assert_eq!(taken(bytes).0, good, "{bytes:x?}");
        }
    }

    #[test]
    fn good_text_may_be_cut_anywhere() {
        let text = "κόσμε, ünd 😀 \u{10FFFF}".repeat(40);
        for cut in 1..300 {
            let mut judge = Utf8::default();
            for part in text.as_bytes().chunks(cut) {
                assert!(judge.push(part.iter().copied()), "cut into {cut}");
            }
            assert!(judge.is_whole());
        }
        assert!(!taken("€".as_bytes().split_last().unwrap().1).1);
    }
}
