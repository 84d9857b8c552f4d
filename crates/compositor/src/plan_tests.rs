//! The planner, by example and by property.

use super::*;
use proptest::prelude::*;

fn layer(key: LayerKey, bounds: Rect) -> LayerState {
    LayerState { key, bounds, content: 1, look: [0; 16], opaque: false, change: None }
}

fn scene(layers: Vec<LayerState>) -> Scene {
    let mut all = vec![LayerState { opaque: true, ..layer(LayerKey::Background, Rect::new(0, 0, 100, 100)) }];
    all.extend(layers);
    Scene { size: (100, 100), layers: all }
}

fn areas(plan: &Plan) -> Vec<Rect> {
    match plan {
        Plan::Nothing => Vec::new(),
        Plan::Draw(parts) => parts.iter().map(|part| part.area).collect(),
    }
}

#[test]
fn first_frame_is_full_and_a_repeated_one_nothing() {
    let now = scene(vec![layer(LayerKey::Page, Rect::new(0, 0, 100, 100))]);
    assert_eq!(areas(&plan(None, &now, false)), [Rect::new(0, 0, 100, 100)]);
    assert_eq!(plan(Some(&now), &now, false), Plan::Nothing);
    assert_eq!(areas(&plan(Some(&now), &now, true)), [Rect::new(0, 0, 100, 100)]);
}

#[test]
fn changed_content_damages_its_bounds_only() {
    let before = scene(vec![layer(LayerKey::Surface(0), Rect::new(10, 10, 5, 5)), layer(LayerKey::Page, Rect::new(0, 0, 100, 100))]);
    let mut after = before.clone();
    after.layers[1].content = 2;
    let plan = plan(Some(&before), &after, false);
    assert_eq!(plan, Plan::Draw(vec![Part { area: Rect::new(10, 10, 5, 5), layers: vec![0, 1, 2] }]));
    assert_eq!(plan.damage(), Some(Rect::new(10, 10, 5, 5)));
}

#[test]
fn moved_layer_damages_both_places() {
    let before = scene(vec![layer(LayerKey::Surface(0), Rect::new(0, 0, 10, 10))]);
    let mut after = before.clone();
    after.layers[1].bounds = Rect::new(80, 80, 10, 10);
    assert_eq!(areas(&plan(Some(&before), &after, false)), [Rect::new(0, 0, 10, 10), Rect::new(80, 80, 10, 10)]);
}

#[test]
fn partial_change_counts_only_from_the_content_it_knows() {
    let mut before = scene(vec![layer(LayerKey::Panel, Rect::new(0, 0, 50, 50))]);
    before.layers[1].content = 4;
    let mut after = before.clone();
    after.layers[1].content = 5;
    let rects = vec![(4, Rect::new(0, 0, 40, 40)), (5, Rect::new(1, 1, 2, 2))];
    after.layers[1].change = Some(PartialChange { since: 3, rects });
    assert_eq!(areas(&plan(Some(&before), &after, false)), [Rect::new(1, 1, 2, 2)], "what was shown before is not drawn again");
    before.layers[1].content = 3;
    assert_eq!(areas(&plan(Some(&before), &after, false)), [Rect::new(0, 0, 40, 40)]);
    before.layers[1].content = 2;
    assert_eq!(areas(&plan(Some(&before), &after, false)), [Rect::new(0, 0, 50, 50)]);
}

#[test]
fn opaque_layer_hides_what_is_below() {
    let mut now = scene(vec![layer(LayerKey::Surface(0), Rect::new(0, 0, 50, 50)), layer(LayerKey::Surface(1), Rect::new(0, 0, 60, 60))]);
    now.layers[2].opaque = true;
    let mut after = now.clone();
    after.layers[1].content = 2;
    let Plan::Draw(parts) = plan(Some(&now), &after, false) else { panic!("the content changed") };
    assert_eq!(parts[0].layers, [2]);
}

#[test]
fn swapped_order_damages_both() {
    let before = scene(vec![layer(LayerKey::Surface(0), Rect::new(0, 0, 9, 9)), layer(LayerKey::Surface(1), Rect::new(90, 0, 9, 9))]);
    let mut after = before.clone();
    after.layers.swap(1, 2);
    assert_eq!(areas(&plan(Some(&before), &after, false)), [Rect::new(0, 0, 9, 9), Rect::new(90, 0, 9, 9)]);
}

#[test]
fn many_changes_stay_within_the_limit() {
    let spots = |content| {
        let spot = |i: u32| LayerState { content, ..layer(LayerKey::Surface(i), Rect::new((i % 10) * 10, (i / 10) * 10, 2, 2)) };
        scene((0..100).map(spot).collect())
    };
    let parts = areas(&plan(Some(&spots(1)), &spots(2), false));
    assert!(!parts.is_empty() && parts.len() <= DAMAGE_RECTS_MAX, "{parts:?}");
}

prop_compose! {
    fn any_layer(key: LayerKey)(x in 0u32..90, y in 0u32..90, w in 0u32..60, h in 0u32..60, content in 0u64..3, look in 0u32..2,
                                opaque: bool) -> LayerState {
        let bounds = Rect::new(x, y, w, h).intersection(&Rect::new(0, 0, 100, 100));
        LayerState { bounds, content, look: [look; 16], opaque, ..layer(key, bounds) }
    }
}

fn any_scene() -> impl Strategy<Value = Scene> {
    let layers: Vec<_> = (0..6).map(|i| any_layer(LayerKey::Surface(i))).collect();
    (layers, proptest::collection::vec(any::<proptest::sample::Index>(), 6), 0usize..7).prop_map(|(mut layers, swaps, keep)| {
        for (at, with) in swaps.iter().enumerate() {
            let with = with.index(layers.len());
            layers.swap(at, with);
        }
        layers.truncate(keep);
        scene(layers)
    })
}

/// What decides a pixel's color: the layers over it, top to bottom, down to the first opaque one.
fn stack(scene: &Scene, x: u32, y: u32) -> Vec<(LayerKey, u64, u32, bool, Rect)> {
    let pixel = Rect::new(x, y, 1, 1);
    scene.layers.iter().filter(|l| l.bounds.contains(&pixel)).map(|l| (l.key, l.content, l.look[0], l.opaque, l.bounds)).collect()
}

proptest! {
    #[test]
    fn every_changed_pixel_is_damaged(before in any_scene(), after in any_scene()) {
        let parts = areas(&plan(Some(&before), &after, false));
        for y in (0..100).step_by(3) {
            for x in (0..100).step_by(3) {
                let inside = parts.iter().filter(|part| part.contains(&Rect::new(x, y, 1, 1))).count();
                prop_assert!(inside <= 1, "parts overlap at {x},{y}: {parts:?}");
                prop_assert!(inside == 1 || stack(&before, x, y) == stack(&after, x, y), "{x},{y} is missed by {parts:?}");
            }
        }
        prop_assert!(parts.len() <= DAMAGE_RECTS_MAX);
    }

    #[test]
    fn a_part_draws_all_that_can_be_seen(now in any_scene()) {
        let Plan::Draw(parts) = plan(None, &now, false) else { return Err(TestCaseError::fail("nothing to draw")) };
        for part in parts {
            let lowest = part.layers.first().copied().unwrap_or(usize::MAX);
            prop_assert!(now.layers[lowest].opaque && now.layers[lowest].bounds.contains(&part.area));
            for (index, layer) in now.layers.iter().enumerate().skip(lowest) {
                prop_assert_eq!(part.layers.contains(&index), layer.bounds.intersects(&part.area));
            }
        }
    }
}
