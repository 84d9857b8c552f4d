//! Stage two, pure: what the last frame showed and what this one shall show → the rectangles to redraw and the layers in each.
//!
//! The framebuffer is kept from frame to frame, so a pixel whose stack of layers is unchanged needs no work at all.

use crate::limits::DAMAGE_RECTS_MAX;
use crate::rect::Rect;

/// Above this share of the frame, in percent, one full redraw is cheaper than the parts.
const FULL_PERCENT: u64 = 85;

/// Which layer; the same key in two frames is the same layer.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum LayerKey {
    /// The color or gradient below everything.
    Background,
    /// The surface with this index in the app's list.
    Surface(u32),
    /// The page.
    Page,
    /// The control panel.
    Panel,
    /// The frame graph and counters.
    Hud,
}

/// Everything that decides a layer's pixels besides its content, as bits: two equal looks draw the same.
pub type Look = [u32; 16];

/// What a content knows of its own change.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PartialChange {
    /// Every change after this content is known.
    pub since: u64,
    /// Framebuffer pixels that changed, each with the content by which they did.
    pub rects: Vec<(u64, Rect)>,
}

/// One layer as a frame shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerState {
    /// Which layer.
    pub key: LayerKey,
    /// Pixels it may touch; empty when it is not to be seen.
    pub bounds: Rect,
    /// Generation of its content.
    pub content: u64,
    /// Geometry, opacity and the like.
    pub look: Look,
    /// True when it hides what lies below all of its bounds.
    pub opaque: bool,
    /// Where the content changed, when known; otherwise it is all of the bounds.
    pub change: Option<PartialChange>,
}

/// The layers of one frame, bottom to top.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Width and height of the framebuffer, pixels.
    pub size: (u32, u32),
    /// Bottom to top. Keys are unique.
    pub layers: Vec<LayerState>,
}

/// A rectangle to redraw.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Part {
    /// Its pixels. Parts do not overlap.
    pub area: Rect,
    /// Indices into [`Scene::layers`] of those to draw, bottom to top.
    pub layers: Vec<usize>,
}

/// What to do for a frame.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Plan {
    /// Every pixel is as it shall be.
    Nothing,
    /// Redraw these parts.
    Draw(Vec<Part>),
}

impl Plan {
    /// The smallest rectangle around all damage.
    pub fn damage(&self) -> Option<Rect> {
        match self {
            Self::Nothing => None,
            Self::Draw(parts) => Some(parts.iter().fold(Rect::default(), |all, part| all.union(&part.area))),
        }
    }
}

/// Plans the frame `current`, given that the framebuffer shows `previous` (`None`: nothing yet). `force` redraws everything.
pub fn plan(previous: Option<&Scene>, current: &Scene, force: bool) -> Plan {
    let frame = Rect::of_size(current.size);
    let mut damage = Damage::default();
    match previous {
        Some(previous) if !force && previous.size == current.size => compare(previous, current, &mut damage),
        _ => damage.add(frame),
    }
    let areas = damage.within(frame);
    if areas.is_empty() {
        return Plan::Nothing;
    }
    Plan::Draw(areas.into_iter().map(|area| Part { area, layers: visible(current, area) }).collect())
}

/// Collects where two frames of one size differ.
fn compare(previous: &Scene, current: &Scene, damage: &mut Damage) {
    for layer in &current.layers {
        match previous.layers.iter().find(|old| old.key == layer.key) {
            None => damage.add(layer.bounds),
            Some(old) => compare_layer(old, layer, damage),
        }
    }
    for old in &previous.layers {
        if !current.layers.iter().any(|layer| layer.key == old.key) {
            damage.add(old.bounds);
        }
    }
    compare_order(previous, current, damage);
}

fn compare_layer(old: &LayerState, new: &LayerState, damage: &mut Damage) {
    if old.bounds != new.bounds || old.look != new.look || old.opaque != new.opaque {
        damage.add(old.bounds);
        damage.add(new.bounds);
    } else if old.content != new.content {
        match &new.change {
            Some(change) if change.since <= old.content && old.content < new.content => {
                let news = change.rects.iter().filter(|(content, _)| *content > old.content);
                news.for_each(|(_, rect)| damage.add(rect.intersection(&new.bounds)));
            }
            _ => damage.add(new.bounds),
        }
    }
}

/// A layer that changed its place among those which stayed is damaged where it was and where it is.
fn compare_order(previous: &Scene, current: &Scene, damage: &mut Damage) {
    let stayed = |scene: &Scene, other: &Scene| -> Vec<LayerKey> {
        let kept = |layer: &&LayerState| other.layers.iter().any(|o| o.key == layer.key);
        scene.layers.iter().filter(kept).map(|layer| layer.key).collect()
    };
    let (before, after) = (stayed(previous, current), stayed(current, previous));
    for (old, new) in before.iter().zip(&after) {
        if old != new {
            let moved = current.layers.iter().filter(|layer| layer.key == *old || layer.key == *new);
            moved.for_each(|layer| damage.add(layer.bounds));
        }
    }
}

/// The layers to draw in `area`: those that touch it, from the topmost one that hides all of it.
fn visible(scene: &Scene, area: Rect) -> Vec<usize> {
    let mut layers = Vec::new();
    for (index, layer) in scene.layers.iter().enumerate().rev() {
        if layer.bounds.intersects(&area) {
            layers.push(index);
            if layer.opaque && layer.bounds.contains(&area) {
                break;
            }
        }
    }
    layers.reverse();
    layers
}

/// A few rectangles that never overlap.
#[derive(Default)]
struct Damage {
    rects: Vec<Rect>,
}

impl Damage {
    fn add(&mut self, rect: Rect) {
        if rect.is_empty() || self.rects.iter().any(|known| known.contains(&rect)) {
            return;
        }
        // A union may reach further rectangles, so start over until it meets none.
        let mut rect = rect;
        while let Some(index) = self.rects.iter().position(|known| worth_merging(known, &rect)) {
            rect = rect.union(&self.rects.swap_remove(index));
        }
        self.rects.push(rect);
        if self.rects.len() > DAMAGE_RECTS_MAX {
            self.merge_cheapest();
        }
    }

    /// Merges the two rectangles whose union wastes the fewest pixels.
    fn merge_cheapest(&mut self) {
        let mut best = (u64::MAX, 0, 0);
        for a in 0..self.rects.len() {
            for b in a + 1..self.rects.len() {
                let (first, second) = (self.rects[a], self.rects[b]);
                let waste = first.union(&second).area() - first.area() - second.area();
                if waste < best.0 {
                    best = (waste, a, b);
                }
            }
        }
        let second = self.rects.swap_remove(best.2);
        let first = self.rects.swap_remove(best.1);
        self.add(first.union(&second));
    }

    fn within(self, frame: Rect) -> Vec<Rect> {
        let mut rects: Vec<Rect> = self.rects.iter().map(|rect| rect.intersection(&frame)).filter(|r| !r.is_empty()).collect();
        let area: u64 = rects.iter().map(Rect::area).sum();
        if area * 100 > frame.area() * FULL_PERCENT {
            return vec![frame];
        }
        rects.sort_by_key(|rect| (rect.y, rect.x));
        rects
    }
}

/// Overlapping rectangles must be one, since a part is drawn from the background up; near ones save a part at little cost.
fn worth_merging(a: &Rect, b: &Rect) -> bool {
    a.intersects(b) || a.union(b).area() * 8 <= (a.area() + b.area()) * 9
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
