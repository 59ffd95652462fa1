/**
 * Bytes to values and back: bincode 2 in its standard configuration.
 *
 * Owns the encoding of docs/protocol.md and nothing of what is encoded. A reader
 * never trusts a length: it compares it with the bytes that are left, so that
 * arbitrary bytes give a {@link DecodeError} and neither hang nor take memory.
 */

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** Bytes that are not a value. */
export class DecodeError extends Error {
  /**
   * @param {'truncated' | 'trailing' | 'malformed'} kind The bytes end within the
   *   value, or go on after it, or cannot be one.
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.name = 'DecodeError';
    this.kind = kind;
  }
}

/** Reads values from the front of some bytes to their end. */
export class Reader {
  #view;
  #bytes;
  #at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get left() {
    return this.#bytes.length - this.#at;
  }

  /** @param {number} size */
  #skip(size) {
    const at = this.#at;
    if (size > this.#bytes.length - at) {
      throw new DecodeError('truncated', 'the message ends too early');
    }
    this.#at = at + size;
    return at;
  }

  /** A byte. */
  u8() {
    return this.#view.getUint8(this.#skip(1));
  }

  /** A byte with a sign. */
  i8() {
    return this.#view.getInt8(this.#skip(1));
  }

  /** A varint of up to 16 bits. */
  u16() {
    const first = this.u8();
    if (first <= 250) return first;
    if (first === 251) return this.u16le();
    throw malformed('a number is too wide');
  }

  /** A varint of up to 32 bits. */
  u32() {
    const first = this.u8();
    if (first <= 250) return first;
    if (first === 251) return this.u16le();
    if (first === 252) return this.#view.getUint32(this.#skip(4), true);
    throw malformed('a number is too wide');
  }

  /** A varint of up to 64 bits. */
  u64() {
    const first = this.u8();
    if (first <= 250) return BigInt(first);
    if (first === 251) return BigInt(this.u16le());
    if (first === 252) return BigInt(this.#view.getUint32(this.#skip(4), true));
    if (first === 253) return this.#view.getBigUint64(this.#skip(8), true);
    throw malformed('a number is too wide');
  }

  /** A zigzag varint of up to 16 bits. */
  i16() {
    const number = this.u16();
    return (number >>> 1) ^ -(number & 1);
  }

  /** A zigzag varint of up to 32 bits. */
  i32() {
    const number = this.u32();
    return (number >>> 1) ^ -(number & 1);
  }

  /** A zigzag varint of up to 64 bits. */
  i64() {
    const number = this.u64();
    return (number >> 1n) ^ -(number & 1n);
  }

  /** Two bytes, little endian. */
  u16le() {
    return this.#view.getUint16(this.#skip(2), true);
  }

  /** Two bytes with a sign, little endian. */
  i16le() {
    return this.#view.getInt16(this.#skip(2), true);
  }

  /** Three bytes, little endian. */
  u24le() {
    const low = this.u16le();
    return low | (this.u8() << 16);
  }

  /** Four bytes, IEEE 754. */
  f32() {
    return this.#view.getFloat32(this.#skip(4), true);
  }

  /** Eight bytes, IEEE 754. */
  f64() {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  /** One byte, 0 or 1. */
  bool() {
    const byte = this.u8();
    if (byte > 1) throw malformed('a boolean is neither 0 nor 1');
    return byte === 1;
  }

  /**
   * A variant's number.
   * @param {number} count How many variants there are.
   */
  variant(count) {
    const number = this.u32();
    if (number >= count) throw malformed(`variant ${number} is unknown`);
    return number;
  }

  /**
   * A value or null.
   * @template T
   * @param {(reader: Reader) => T} read
   * @returns {T | null}
   */
  option(read) {
    return this.bool() ? read(this) : null;
  }

  /**
   * A sequence. An item takes at least a byte.
   * @template T
   * @param {(reader: Reader) => T} read
   * @returns {T[]}
   */
  seq(read) {
    const length = this.#length();
    const items = [];
    for (let i = 0; i < length; i++) items.push(read(this));
    return items;
  }

  /** A string. */
  string() {
    const bytes = this.bytes(this.#length());
    try {
      return text.decode(bytes);
    } catch {
      throw malformed('a string is not utf-8');
    }
  }

  /**
   * So many bytes, as a copy.
   * @param {number} size
   */
  bytes(size) {
    const at = this.#skip(size);
    return this.#bytes.slice(at, at + size);
  }

  /** Refuses what is left. */
  end() {
    if (this.left > 0) {
      throw new DecodeError('trailing', `${this.left} bytes too many after the message`);
    }
  }

  /** A length, at most what is left. */
  #length() {
    const length = this.u64();
    if (length > BigInt(this.left)) {
      throw new DecodeError('truncated', 'a declared length exceeds the message');
    }
    return Number(length);
  }
}

/** Writes values one after the other. */
export class Writer {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /**
   * Makes room; says where. May replace the memory: look at it afterwards.
   * @param {number} size
   */
  #grow(size) {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  /** What was written so far, as a copy. */
  finish() {
    return this.#bytes.slice(0, this.#at);
  }

  /** Forgets what was written, and keeps the memory. */
  clear() {
    this.#at = 0;
  }

  /** What was written so far, valid until the next write. */
  get written() {
    return this.#bytes.subarray(0, this.#at);
  }

  /** @param {number} value */
  u8(value) {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  /** @param {number} value */
  i8(value) {
    this.u8(value);
  }

  /** @param {number} value 0 to 65,535. */
  u16(value) {
    this.u32(value & 0xffff);
  }

  /** @param {number} value 0 to 2³² − 1. */
  u32(value) {
    value >>>= 0;
    if (value <= 250) {
      this.u8(value);
    } else if (value <= 0xffff) {
      this.u8(251);
      this.u16le(value);
    } else {
      this.u8(252);
      const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    }
  }

  /** @param {bigint} value 0 to 2⁶⁴ − 1. */
  u64(value) {
    value = BigInt.asUintN(64, value);
    if (value <= 0xffff_ffffn) {
      this.u32(Number(value));
    } else {
      this.u8(253);
      const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
    }
  }

  /** @param {number} value ±32,768. */
  i16(value) {
    this.u16((value << 1) ^ (value >> 31));
  }

  /** @param {number} value Of 32 bits. */
  i32(value) {
    this.u32((value << 1) ^ (value >> 31));
  }

  /** @param {bigint} value Of 64 bits. */
  i64(value) {
    this.u64((value << 1n) ^ (value >> 63n));
  }

  /** @param {number} value */
  u16le(value) {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
  }

  /** @param {number} value */
  i16le(value) {
    this.u16le(value);
  }

  /** @param {number} value */
  u24le(value) {
    this.u16le(value & 0xffff);
    this.u8(value >> 16);
  }

  /** @param {number} value */
  f32(value) {
    const at = this.#grow(4);
    this.#view.setFloat32(at, value, true);
  }

  /** @param {number} value */
  f64(value) {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value, true);
  }

  /** @param {boolean} value */
  bool(value) {
    this.u8(value ? 1 : 0);
  }

  /**
   * @template T
   * @param {T | null | undefined} value
   * @param {(writer: Writer, value: T) => void} write
   */
  option(value, write) {
    this.bool(value != null);
    if (value != null) write(this, value);
  }

  /**
   * @template T
   * @param {readonly T[]} items
   * @param {(writer: Writer, item: T) => void} write
   */
  seq(items, write) {
    this.u32(items.length);
    for (const item of items) write(this, item);
  }

  /** @param {string} value */
  string(value) {
    const bytes = utf8.encode(value);
    this.u32(bytes.length);
    this.bytes(bytes);
  }

  /** @param {Uint8Array} bytes */
  bytes(bytes) {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }
}

/** @param {string} message */
export function malformed(message) {
  return new DecodeError('malformed', message);
}

/** Where {@link fnv1a} starts. */
export const FNV_START = 0x811c9dc5;

/**
 * FNV-1a with 32 bits (RFC 9923) over bytes, continued from a sum.
 * @param {number} sum
 * @param {Uint8Array} bytes
 */
export function fnv1a(sum, bytes) {
  for (let i = 0; i < bytes.length; i++) {
    sum = Math.imul(sum ^ /** @type {number} */ (bytes[i]), 0x01000193);
  }
  return sum >>> 0;
}
