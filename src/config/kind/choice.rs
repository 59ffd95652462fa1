//! Settings that are one of a few words.

use super::Kind;
use toml::Value;

/// One of a few words.
pub(in crate::config) struct Choice<T: 'static>(
    /// The word for a value in a help text.
    pub(in crate::config) &'static str,
    /// Each word, and what it stands for.
    pub(in crate::config) &'static [(&'static str, T)],
);

impl<T: Copy + PartialEq> Kind for Choice<T> {
    type Held = T;

    fn read(&self, value: &Value) -> Option<T> {
        let text = value.as_str()?;
        let found = self.1.iter().find(|(word, _)| *word == text);
        found.map(|(_, held)| *held)
    }

    fn write(&self, held: &T) -> Option<Value> {
        let found = self.1.iter().find(|(_, value)| value == held);
        found.map(|(word, _)| Value::String((*word).to_owned()))
    }

    fn noun(&self) -> &'static str {
        self.0
    }

    fn allowed(&self) -> String {
        let words: Vec<_> = self.1.iter().map(|(word, _)| *word).collect();
        words.join(" or ")
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Human,
    /// A JSON object per line.
    Json,
}

/// One of the log formats.
pub(in crate::config) const FORMAT: Choice<LogFormat> = Choice(
    "FORMAT",
    &[("human", LogFormat::Human), ("json", LogFormat::Json)],
);

/// How players prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// By a signed token in the hello.
    Jwt,
}

/// One of the ways to prove it.
pub(in crate::config) const PROOF: Choice<Auth> =
    Choice("WAY", &[("none", Auth::None), ("jwt", Auth::Jwt)]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_knows_its_words_and_no_others() {
        for (word, held) in PROOF.1 {
            assert_eq!(PROOF.read(&Value::from(*word)), Some(*held));
            assert_eq!(PROOF.write(held), Some(Value::from(*word)));
        }
        assert_eq!(PROOF.allowed(), "none or jwt");
        assert_eq!(PROOF.read(&Value::from("JWT")), None);
        assert_eq!(PROOF.read(&Value::from(1)), None);
    }
}
