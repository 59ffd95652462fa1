//! Bytes for people: sixteen to a line, with their place and what of them is text.

use std::fmt::Write;

/// A dump of `bytes`, which begin at `offset`, of so many at most; `mark` is the
/// place to look at.
pub(super) fn dump(bytes: &[u8], offset: u64, most: usize, mark: Option<usize>) -> String {
    let mut text = String::new();
    let first = mark.map_or(0, |mark| {
        // A place far in is shown with a few lines before it.
        let start = mark.saturating_sub(most / 2) / 16 * 16;
        start.min(bytes.len().saturating_sub(most).next_multiple_of(16))
    });
    let last = bytes.len().min(first + most);
    if first > 0 {
        let _ = writeln!(text, "{:>8}  {first} bytes before", "…");
    }
    for (index, row) in bytes[first..last].chunks(16).enumerate() {
        let start = first + index * 16;
        let _ = write!(text, "{:08x} ", offset + start as u64);
        for column in 0..16 {
            let space = if column == 8 { " " } else { "" };
            let here = mark == Some(start + column);
            let open = if here { ">" } else { " " };
            let _ = match row.get(column) {
                Some(byte) => write!(text, "{space}{open}{byte:02x}"),
                None if here => write!(text, "{space}>  "),
                None => write!(text, "{space}   "),
            };
        }
        let chars = row.iter().map(|byte| match byte {
            0x20..=0x7E => char::from(*byte),
            _ => '.',
        });
        let _ = writeln!(text, "  |{}|", chars.collect::<String>());
    }
    if last < bytes.len() {
        let _ = writeln!(text, "{:>8}  {} bytes more", "…", bytes.len() - last);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::dump;

    #[test]
    fn a_row_shows_place_bytes_and_text() {
        let text = dump(b"downbeat\x00\xff and more", 32, 64, Some(9));
        assert_eq!(
            text,
            "\
00000020  64 6f 77 6e 62 65 61 74  00>ff 20 61 6e 64 20 6d  |downbeat.. and m|
00000030  6f 72 65                                          |ore|
"
        );
    }

    #[test]
    fn the_marked_place_is_always_in_sight() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for mark in [0, 1, 100, 5000, 9_983, 9_999] {
            let text = dump(&bytes, 0, 64, Some(mark));
            assert!(
                text.contains(&format!(">{:02x}", bytes[mark])),
                "{mark}: {text}"
            );
            assert!(text.lines().count() <= 7, "{mark}: {text}");
        }
        assert!(dump(&[], 0, 64, Some(0)).is_empty());
    }
}
