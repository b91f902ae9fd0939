// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeHidden, quoteWord } from './escape.ts';

test('hidden characters are written out', () => {
  const cases: [string, string][] = [
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\x1b[2J\x07\x7f', '\\x1b[2J\\x07\\x7f'],
    ['\x9b31m', '\\x9b31m'],
    ['exe\u202egpj.sh', 'exe\\u202egpj.sh'],
    ['\u2066a\u2069', '\\u2066a\\u2069'],
    ['pass\u200bwd\ufeff', 'pass\\u200bwd\\ufeff'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\u3164', '\\u3164'],
    ['\ud800x', '\\ud800x'],
    ['\ue000', '\\ue000'],
  ];
  for (const [text, escaped] of cases) assert.equal(escapeHidden(text), escaped);
});

test('what can be seen stays', () => {
  for (const text of ['/usr/bin/ls -l', 'Grüße 世界 🚀', 'C:\\x', '"q"'])
    assert.equal(escapeHidden(text), text);
});

test('no control character gets through, whatever the text', () => {
  const all = Array.from({ length: 0x3100 }, (_, code) => String.fromCharCode(code)).join('');
  for (const text of [escapeHidden(all), quoteWord(all)]) {
    assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/);
  }
});

test('words are quoted only where that is needed, and stay distinct', () => {
  for (const word of ['-c', '/etc/passwd', 'a=b', '$HOME', 'größe', '世界'])
    assert.equal(quoteWord(word), word);
  const cases: [string, string][] = [
    ['', '""'],
    ['exit 3', '"exit 3"'],
    ['a"b', '"a\\"b"'],
    ["it's", `"it's"`],
    ['\\n', '"\\\\n"'],
    ['\n', '"\\n"'],
    ['a\u00a0b', '"a\u00a0b"'],
    ['\x1b]0;x\x07', '"\\x1b]0;x\\x07"'],
  ];
  for (const [word, quoted] of cases) assert.equal(quoteWord(word), quoted);
});
