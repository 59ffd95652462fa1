//! Settings that hold a kind of value any number of times, or not at all.

use super::Kind;
use toml::Value;

/// Any number of values of a kind; as a text, with commas in between.
pub(in crate::config) struct List<K>(pub(in crate::config) K);

impl<K: Kind> Kind for List<K> {
    type Held = Vec<K::Held>;

    fn read(&self, value: &Value) -> Option<Self::Held> {
        let values = value.as_array()?.iter();
        values.map(|value| self.0.read(value)).collect()
    }

    fn write(&self, held: &Self::Held) -> Option<Value> {
        let values = held.iter().map(|held| self.0.write(held));
        values.collect::<Option<_>>().map(Value::Array)
    }

    fn noun(&self) -> &'static str {
        self.0.noun()
    }

    fn allowed(&self) -> String {
        format!("a list, each of it {}", self.0.allowed())
    }

    fn lift(&self, text: &str) -> Value {
        let parts = text.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty());
        Value::Array(parts.map(|part| self.0.lift(part)).collect())
    }
}

/// A setting that may be absent.
pub(in crate::config) struct Maybe<K>(pub(in crate::config) K);

impl<K: Kind> Kind for Maybe<K> {
    type Held = Option<K::Held>;

    fn read(&self, value: &Value) -> Option<Self::Held> {
        self.0.read(value).map(Some)
    }

    fn write(&self, held: &Self::Held) -> Option<Value> {
        self.0.write(held.as_ref()?)
    }

    fn noun(&self) -> &'static str {
        self.0.noun()
    }

    fn allowed(&self) -> String {
        self.0.allowed()
    }

    fn lift(&self, text: &str) -> Value {
        self.0.lift(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;

    #[test]
    fn a_list_is_an_array_or_a_text_with_commas() {
        let list = List(Whole(0..=9, "no unit"));
        let lifted = |text: &str| list.read(&list.lift(text));
        assert_eq!(lifted("1, 2,3"), Some(vec![1, 2, 3]));
        assert_eq!(lifted(""), Some(vec![]));
        assert_eq!(lifted("1,20"), None, "one bad, all bad");
        assert_eq!(
            list.read(&Value::Integer(1)),
            None,
            "a file says it is a list"
        );
    }
}
