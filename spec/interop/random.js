// random.js - random values that a seed makes again, on any machine.
'use strict';

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const PRINTABLE = ASCII.slice(33, 127);
const WORD = PRINTABLE.filter((character) => /[A-Za-z0-9._-]/.test(character));
// what URLs, headers or the signatures themselves give a meaning
const ODD = [..." +!*'()~%&=?#,:/;@"];
const LOWER_HEX = [...'0123456789abcdef'];
// of one to three bytes in UTF-8; whatever order these are sorted in, UTF-16 units and bytes agree
const BASIC = [...PRINTABLE, ...'ßéżΩжאعहก証明書한ﬁ'];
const UNICODE = [...BASIC, ...ASCII, '\u0085', '\u00a0', '\u2028', '\ufeff', '\uffff', '𝄞', '😀', '\u{10ffff}'];

class Random {
  /** seed: a whole number. */
  constructor(seed) {
    this.state = seed;
  }

  /** The next 32 bits: mulberry32. */
  next() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n) {
    return this.next() % n;
  }

  /** True once in n times. */
  once(n) {
    return this.below(n) === 0;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** least to most characters of an alphabet, a list of them. */
  text(alphabet, least, most) {
    let text = '';
    for (let length = least + this.below(most - least + 1); length > 0; length--) {
      text += this.pick(alphabet);
    }
    return text;
  }

  bytes(length) {
    return Buffer.alloc(length).map(() => this.below(256));
  }

  shuffle(list) {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  }
}

module.exports = { Random, PRINTABLE, WORD, ODD, LOWER_HEX, BASIC, UNICODE };
