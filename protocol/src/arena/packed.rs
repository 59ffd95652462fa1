//! Integers of a fixed width, for values that are rarely small: a position is
//! three bytes and a velocity two, where a varint would take five and three.

/// Three bytes, little endian: 0 to 2²⁴ − 1.
pub(super) mod u24 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        value: &i32,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let [a, b, c, _] = (*value).clamp(0, 0xFF_FFFF).to_le_bytes();
        [a, b, c].serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<i32, D::Error> {
        let [a, b, c] = <[u8; 3]>::deserialize(deserializer)?;
        Ok(i32::from_le_bytes([a, b, c, 0]))
    }
}

/// Two bytes, little endian, two's complement: ±32,767.
pub(super) mod i16 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        value: &i32,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // In range by the motion's clamp; the clamp here keeps the cast honest.
        let value = (*value).clamp(-32_767, 32_767) as i16;
        value.to_le_bytes().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<i32, D::Error> {
        <[u8; 2]>::deserialize(deserializer).map(|bytes| i32::from(i16::from_le_bytes(bytes)))
    }
}

/// Two bytes, little endian: 0 to 65,535.
pub(super) mod u16 {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        value: &u16,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.to_le_bytes().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<u16, D::Error> {
        <[u8; 2]>::deserialize(deserializer).map(u16::from_le_bytes)
    }
}
