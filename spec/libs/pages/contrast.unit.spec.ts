import { expect } from 'chai';
import { describe, it } from 'mocha';
import { html, renderPage } from '#libs/pages';

/** WCAG 2.2, 1.4.3 and 1.4.11. */
const TEXT_RATIO = 4.5;
const OUTLINE_RATIO = 3;

const style = /<style>([\s\S]*?)<\/style>/.exec(renderPage({ title: 't', body: html`` }))?.[1] ?? '';
const [lightPart = '', darkPart = ''] = style.split('@media (prefers-color-scheme:dark){');
const colors = (part: string) =>
  new Map([...part.matchAll(/--([a-z-]+):(#[0-9a-f]{3,6})/g)].map(([, name = '', value = '']) => [name, value]));
const themes = { light: colors(lightPart), dark: new Map([...colors(lightPart), ...colors(darkPart)]) };

function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replace(/[0-9a-f]/g, '$&$&') : hex;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) throw new Error('a color is missing');
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe('contrast of pages', () => {
  it('is measured as WCAG does', () => {
    expect(ratio('#000', '#fff')).to.be.closeTo(21, 0.001);
    expect(ratio('#777777', '#ffffff')).to.be.closeTo(4.48, 0.01);
  });

  for (const [theme, color] of Object.entries(themes)) {
    for (const [text, ground] of [
      ['ink', 'ground'],
      ['ink', 'card'],
      ['soft', 'ground'],
      ['soft', 'card'],
      ['accent', 'ground'],
      ['accent', 'card'],
      ['accent', 'accent-soft'],
      ['accent-ink', 'accent'],
      ['warn', 'warn-soft'],
      ['bad', 'bad-soft'],
      ['good', 'good-soft'],
    ] as const) {
      it(`lets ${text} be read on ${ground} in the ${theme} theme`, () => {
        expect(ratio(color.get(text), color.get(ground))).to.be.at.least(TEXT_RATIO);
      });
    }

    for (const line of ['focus', 'edge'] as const) {
      for (const ground of ['ground', 'card'] as const) {
        it(`shows ${line} on ${ground} in the ${theme} theme`, () => {
          expect(ratio(color.get(line), color.get(ground))).to.be.at.least(OUTLINE_RATIO);
        });
      }
    }
  }
});
