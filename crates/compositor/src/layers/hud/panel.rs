//! Where everything of the HUD goes: header, graph, legend, percentiles, counters, on one dark translucent panel.

use super::atlas::{Atlas, Size};
use super::{HudData, HudFrame};
use crate::limits::{HUD_FRAMES_MAX, HUD_ROWS_MAX, HUD_STAGES_MAX};
use crate::spec::Color;
use crate::uniform::Item;

const PANEL: Color = Color::from_hex(0x0c1018e6);
const EDGE: Color = Color::from_hex(0xffffff1f);
const WELL: Color = Color::from_hex(0xffffff0a);
const RULE: Color = Color::from_hex(0xffffff1a);
const GUIDE: Color = Color::from_hex(0xffffff38);
const BRIGHT: Color = Color::from_hex(0xf2f4f8ff);
const DIM: Color = Color::from_hex(0x98a1b3ff);
/// Colors of the stages: even in lightness, so that none shouts.
const STAGES: [Color; HUD_STAGES_MAX] = [
    Color::from_hex(0x58a6d6ff),
    Color::from_hex(0x63c2a0ff),
    Color::from_hex(0xe2b55fff),
    Color::from_hex(0xb18be0ff),
    Color::from_hex(0xe07f7fff),
    Color::from_hex(0x8fb75bff),
    Color::from_hex(0xd98ac0ff),
    Color::from_hex(0x8ea0b8ff),
];

/// Milliseconds of the guides: 120 and 60 frames a second.
const GUIDES: [(f32, &str); 2] = [(8.333, "8.3"), (16.667, "16.7")];
/// Milliseconds at the graph's top.
const GRAPH_TOP: f32 = 20.0;

// Pixels of the page.
const MARGIN: f32 = 12.0;
const PADDING: f32 = 14.0;
const LINE: f32 = 17.0;
const GRAPH_HEIGHT: f32 = 60.0;
const GUIDE_LABEL: f32 = 34.0;

/// Builds the items.
struct Pen<'a> {
    atlas: &'a Atlas,
    items: &'a mut Vec<Item>,
}

impl Pen<'_> {
    /// Whole pixels for a length in pixels of the page.
    fn px(&self, length: f32) -> f32 {
        (length * self.atlas.scale).round().max(1.0)
    }

    fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, color: Color) {
        self.rounded([x, y, width, height], 0.0, color);
    }

    fn rounded(&mut self, rect: [f32; 4], radius: f32, color: Color) {
        if rect[2] > 0.0 && rect[3] > 0.0 {
            self.items.push(Item { rect, source: [radius, 0.0], color: color.packed(), kind: 0 });
        }
    }

    /// Text with its top left at `(x, y)`.
    fn text(&mut self, x: f32, y: f32, size: Size, color: Color, text: &str) {
        let baseline = y + self.atlas.ascent(size);
        let mut pen = x;
        for character in text.chars() {
            if let Some(glyph) = self.atlas.glyph(size, character) {
                let rect = [(pen + glyph.offset.0).floor(), (baseline + glyph.offset.1).floor(), glyph.size.0 as f32, glyph.size.1 as f32];
                let source = [glyph.source.0 as f32, glyph.source.1 as f32];
                self.items.push(Item { rect, source, color: color.packed(), kind: 1 });
            }
            pen += self.atlas.advance(size);
        }
    }

    /// Text that ends at `right`.
    fn text_right(&mut self, right: f32, y: f32, size: Size, color: Color, text: &str) {
        let width = text.chars().count() as f32 * self.atlas.advance(size);
        self.text(right - width, y, size, color, text);
    }

    /// How many characters of text fit into `width`.
    fn fit(&self, width: f32) -> usize {
        (width / self.atlas.advance(Size::Text).max(1.0)).max(0.0) as usize
    }
}

/// Lays the panel out into `items`, at the right of a frame of this width, where pages have least, and returns the panel's x, y, width and
/// height, pixels.
pub(super) fn lay_out(data: &HudData, atlas: &Atlas, frame_width: u32, items: &mut Vec<Item>) -> [f32; 4] {
    let mut pen = Pen { atlas, items };
    // Two items wait for the height, which is known only at the end.
    pen.rect(0.0, 0.0, 1.0, 1.0, EDGE);
    pen.rect(0.0, 0.0, 1.0, 1.0, PANEL);
    let (margin, padding) = (pen.px(MARGIN), pen.px(PADDING));
    let bar = pen.px(1.0);
    let graph = bar * HUD_FRAMES_MAX as f32;
    let inner = graph + pen.px(GUIDE_LABEL);
    let origin = (frame_width as f32 - margin - padding - inner - padding).max(margin).floor();
    let (left, right) = (origin + padding, origin + padding + inner);
    let frames = &data.frames[data.frames.len().saturating_sub(HUD_FRAMES_MAX)..];
    let totals = Totals::of(frames);

    let mut y = margin + padding;
    y = header(&mut pen, data, &totals, (left, right), y);
    y = plot(&mut pen, frames, data.stages.len(), (left, bar, right), y);
    y = legend(&mut pen, data, &totals, (left, right), y);
    if !data.rows.is_empty() {
        y += pen.px(6.0);
        pen.rect(left, y, inner, pen.px(1.0), RULE);
        y += pen.px(8.0);
        y = rows(&mut pen, data, (left, right), y);
    }
    y += padding - pen.px(3.0);

    let edge = pen.px(1.0);
    let radius = pen.px(8.0);
    let panel = [origin, margin, inner + 2.0 * padding, y - margin];
    items[0].rect = [panel[0] - edge, panel[1] - edge, panel[2] + 2.0 * edge, panel[3] + 2.0 * edge];
    items[0].source[0] = radius + edge;
    items[1].rect = panel;
    items[1].source[0] = radius;
    items[0].rect
}

/// What the shown frames come to, milliseconds.
struct Totals {
    last: f32,
    p50: f32,
    p99: f32,
    stages: [f32; HUD_STAGES_MAX],
}

/// A part of a frame, or 0 for what is no time.
fn sane(milliseconds: f32) -> f32 {
    if milliseconds.is_finite() { milliseconds.clamp(0.0, 99_999.0) } else { 0.0 }
}

impl Totals {
    fn of(frames: &[HudFrame]) -> Self {
        let mut sorted: Vec<f32> = frames.iter().map(|frame| sane(frame.total)).collect();
        let last = sorted.last().copied().unwrap_or(0.0);
        sorted.sort_by(f32::total_cmp);
        // Nearest rank.
        let rank = |share: f32| match sorted.len() {
            0 => 0.0,
            count => sorted[((share * count as f32).ceil() as usize).clamp(1, count) - 1],
        };
        let count = frames.len().max(1) as f32;
        let mean = std::array::from_fn(|stage| frames.iter().map(|frame| sane(frame.stages[stage])).sum::<f32>() / count);
        Self { last, p50: rank(0.5), p99: rank(0.99), stages: mean }
    }
}

/// The last frame's time large, the title and the pace beside it.
fn header(pen: &mut Pen<'_>, data: &HudData, totals: &Totals, (left, right): (f32, f32), y: f32) -> f32 {
    let figures = format!("{:.2}", totals.last);
    pen.text(left, y - pen.px(3.0), Size::Figures, BRIGHT, &figures);
    let after = left + figures.chars().count() as f32 * pen.atlas.advance(Size::Figures);
    let beside = y + pen.atlas.ascent(Size::Figures) - pen.px(3.0) - pen.atlas.ascent(Size::Text);
    pen.text(after + pen.px(5.0), beside, Size::Text, DIM, "ms");
    let room = pen.fit(right - after - pen.px(60.0));
    let title: String = data.title.chars().take(room).collect();
    pen.text_right(right, y - pen.px(3.0), Size::Text, BRIGHT, &title);
    let pace = format!("{:.1} fps", sane(data.frames_per_second));
    pen.text_right(right, y + pen.px(LINE - 4.0), Size::Text, DIM, &pace);
    y + pen.px(34.0)
}

/// A bar per frame, its stages stacked, and the guides.
fn plot(pen: &mut Pen<'_>, frames: &[HudFrame], stages: usize, (left, bar, right): (f32, f32, f32), y: f32) -> f32 {
    let height = pen.px(GRAPH_HEIGHT);
    let width = bar * HUD_FRAMES_MAX as f32;
    let bottom = y + height;
    pen.rect(left, y, width, height, WELL);
    let level = |milliseconds: f32| (height * (milliseconds / GRAPH_TOP).min(1.0)).round();
    // Newest at the right edge.
    let first = left + bar * (HUD_FRAMES_MAX - frames.len()) as f32;
    for (index, frame) in frames.iter().enumerate() {
        let x = first + bar * index as f32;
        let mut low = 0.0;
        for (part, color) in frame.stages.iter().take(stages).zip(STAGES) {
            let high = low + sane(*part);
            // Levels are rounded, not heights, so that the stack is as tall as its sum.
            let (from, to) = (level(low), level(high));
            pen.rect(x, bottom - to, bar, to - from, color);
            low = high;
        }
    }
    for (milliseconds, label) in GUIDES {
        let line = bottom - level(milliseconds);
        pen.rect(left, line, width, pen.px(1.0), GUIDE);
        let middle = line - pen.atlas.ascent(Size::Text) * 0.62;
        pen.text_right(right, middle.round(), Size::Text, DIM, label);
    }
    bottom + pen.px(9.0)
}

/// Stages with their means in two columns, then the percentiles.
fn legend(pen: &mut Pen<'_>, data: &HudData, totals: &Totals, (left, right): (f32, f32), mut y: f32) -> f32 {
    let gap = pen.px(18.0);
    let column = ((right - left - gap) * 0.5).floor();
    let swatch = pen.px(8.0);
    let stages: Vec<_> = data.stages.iter().take(HUD_STAGES_MAX).collect();
    for (index, name) in stages.iter().enumerate() {
        let x = left + (index % 2) as f32 * (column + gap);
        let middle = y + (pen.px(LINE) - swatch) * 0.5 - pen.px(1.0);
        pen.rounded([x, middle.round(), swatch, swatch], pen.px(2.0), STAGES[index]);
        let room = pen.fit(column - pen.px(14.0)).saturating_sub(6);
        let short: String = name.chars().take(room).collect();
        pen.text(x + pen.px(14.0), y, Size::Text, DIM, &short);
        pen.text_right(x + column, y, Size::Text, BRIGHT, &format!("{:.2}", totals.stages[index]));
        if index % 2 == 1 || index + 1 == stages.len() {
            y += pen.px(LINE);
        }
    }
    let figures = [("p50", totals.p50), ("p99", totals.p99), ("jitter", totals.p99 - totals.p50)];
    y += pen.px(5.0);
    let advance = pen.atlas.advance(Size::Text);
    for (index, (label, value)) in figures.into_iter().enumerate() {
        let text = format!("{label} {value:.2}");
        let width = text.chars().count() as f32 * advance;
        // Left, middle, right.
        let x = (left + (right - left - width) * 0.5 * index as f32).round();
        pen.text(x, y, Size::Text, DIM, label);
        pen.text(x + (label.len() + 1) as f32 * advance, y, Size::Text, BRIGHT, &format!("{value:.2}"));
    }
    y + pen.px(LINE)
}

fn rows(pen: &mut Pen<'_>, data: &HudData, (left, right): (f32, f32), mut y: f32) -> f32 {
    let room = pen.fit(right - left);
    for row in data.rows.iter().take(HUD_ROWS_MAX) {
        let value: String = row.value.chars().take(room).collect();
        let label: String = row.label.chars().take(room.saturating_sub(value.chars().count() + 1)).collect();
        pen.text(left, y, Size::Text, DIM, &label);
        pen.text_right(right, y, Size::Text, BRIGHT, &value);
        y += pen.px(LINE);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::super::HudRow;
    use super::*;
    use crate::limits::HUD_ITEMS_MAX;

    #[test]
    fn the_fullest_panel_fits_the_limit_and_odd_numbers_do_no_harm() {
        let atlas = Atlas::new(1.0);
        let row = HudRow::new("label ".repeat(20), "value ".repeat(20));
        let data = HudData {
            generation: 1,
            title: "title ".repeat(40),
            frames_per_second: f32::INFINITY,
            stages: vec!["stage ".repeat(10); 20],
            frames: vec![HudFrame { total: f32::NAN, stages: [f32::NAN, -1.0, 1e30, 2.0, 2.0, 2.0, 2.0, 2.0] }; 1000],
            rows: vec![row; 100],
        };
        let mut items = Vec::new();
        let place = lay_out(&data, &atlas, 1280, &mut items);
        assert!(items.len() <= HUD_ITEMS_MAX, "{}", items.len());
        assert!(place.iter().all(|edge| edge.is_finite()) && place[0] >= MARGIN / 2.0);
        assert!(items.iter().all(|item| item.rect.iter().all(|edge| edge.is_finite())));
    }
}
