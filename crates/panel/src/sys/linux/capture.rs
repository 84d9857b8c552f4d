//! The webview's drawing, caught on its way to the screen.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gtk::cairo::{Context, Format, ImageSurface, Operator};
use gtk::glib::{self, Propagation};
use gtk::prelude::*;
use webkit2gtk::WebViewExt as _;

use crate::pixels::PanelPixels;
use crate::tiles::Area;

/// From now on whatever the webview draws goes to `pixels` instead of the screen. It stays mapped, so that focus, input methods and pop-ups work as ever, and it is
/// drawn whenever GTK wants it drawn, so that its animations go on.
///
/// Call it on GTK's thread.
pub fn capture(webview: &webkit2gtk::WebView, pixels: Arc<PanelPixels>) {
    let is_capturing = Rc::new(Cell::new(false));
    let image: Rc<RefCell<Image>> = Rc::default();
    webview.connect_draw(move |webview, screen| {
        if is_capturing.replace(true) {
            // The webview's own handler is next, which draws into our image.
            return Propagation::Proceed;
        }
        let drawn = draw(webview, screen, &mut image.borrow_mut(), &pixels);
        is_capturing.set(false);
        if let Err(error) = drawn {
            tracing::warn!(target: "panel", "the webview was not captured: {error}");
        }
        // Nothing goes to the screen: the window above hides it.
        Propagation::Stop
    });
}

/// Loads the document again when the webview's process has died; until then the last picture stays. A process that dies again and again, for example because of the
/// document, is begun [`RELOADS`] times a minute at most.
///
/// Call it on GTK's thread.
pub fn revive(webview: &webkit2gtk::WebView) {
    let reloads = RefCell::new(Reloads::default());
    webview.connect_web_process_terminated(move |webview, reason| {
        let wait = reloads.borrow_mut().next(Instant::now());
        if wait.is_zero() {
            tracing::warn!(target: "panel", "the panel's process has ended ({reason:?}); it is loaded again");
            return webview.reload();
        }
        tracing::error!(
            target: "panel",
            "the panel's process has ended {} times within a minute ({reason:?}); it is loaded again in {} s",
            RELOADS + 1,
            wait.as_secs() + 1
        );
        let webview = webview.downgrade();
        glib::timeout_add_local_once(wait, move || {
            if let Some(webview) = webview.upgrade() {
                webview.reload();
            }
        });
    });
}

/// How often a webview is loaded again within [`RELOADS_WITHIN`].
const RELOADS: usize = 5;

/// See [`RELOADS`].
const RELOADS_WITHIN: Duration = Duration::from_secs(60);

/// When the webview was loaded again, the last times, or will be.
#[derive(Default)]
struct Reloads(VecDeque<Instant>);

impl Reloads {
    /// How long the next reload has to wait, which it is taken to do.
    fn next(&mut self, now: Instant) -> Duration {
        let first = if self.0.len() < RELOADS { None } else { self.0.pop_front() };
        let due = first.map_or(now, |first| now.max(first + RELOADS_WITHIN));
        self.0.push_back(due);
        due - now
    }
}

/// What the webview draws into.
#[derive(Default)]
struct Image {
    surface: Option<ImageSurface>,
    /// Since when it has this size, if what was handed on last had another one.
    is_new_since: Option<Instant>,
}

/// For so long a webview of another size may leave out much of what it showed: of one that was higher, WebKit draws the lower part until it has painted anew. What it drew before
/// stays meanwhile, where parts of the panel would vanish and come back with the steps of a window's edge: while the edge moves, for as long as it does.
const MAY_BE_UNPAINTED: Duration = Duration::from_millis(500);

impl Image {
    /// Makes room for this many pixels. Returns whether there was other room.
    fn resize(&mut self, width: i32, height: i32, webview: &webkit2gtk::WebView) -> Result<bool, gtk::cairo::Error> {
        if self.surface.as_ref().is_some_and(|surface| (surface.width(), surface.height()) == (width, height)) {
            return Ok(false);
        }
        if self.surface.replace(ImageSurface::create(Format::ARgb32, width, height)?).is_some() {
            self.is_new_since = Some(Instant::now());
            let webview = webview.downgrade();
            glib::timeout_add_local_once(MAY_BE_UNPAINTED, move || {
                if let Some(webview) = webview.upgrade() {
                    webview.queue_draw();
                }
            });
        }
        Ok(true)
    }
}

fn draw(
    webview: &webkit2gtk::WebView,
    screen: &Context,
    image: &mut Image,
    pixels: &PanelPixels,
) -> Result<(), Box<dyn std::error::Error>> {
    let scale = webview.scale_factor().max(1);
    let (width, height) = (webview.allocated_width().max(1) * scale, webview.allocated_height().max(1) * scale);
    let mut damage = damage(screen, scale)?;
    if image.resize(width, height, webview)? || image.is_new_since.is_some() {
        damage = Area { x: 0, y: 0, width: width as u32, height: height as u32 };
    }
    let Some(surface) = &mut image.surface else { return Ok(()) };
    {
        let context = Context::new(&*surface)?;
        context.rectangle(f64::from(damage.x), f64::from(damage.y), f64::from(damage.width), f64::from(damage.height));
        context.clip();
        // The webview paints over what is there, so what was there goes first: a transparent panel would leave trails.
        context.set_operator(Operator::Clear);
        context.paint()?;
        context.set_operator(Operator::Over);
        context.scale(f64::from(scale), f64::from(scale));
        webview.draw(&context);
    }
    surface.flush();
    let stride = surface.stride() as usize;
    let drawn = surface.data()?;
    let may_be_unpainted = image.is_new_since.is_some_and(|since| since.elapsed() < MAY_BE_UNPAINTED);
    if may_be_unpainted && pixels.would_lose_much((width as u32, height as u32), &drawn, stride) {
        return Ok(());
    }
    image.is_new_since = None;
    pixels.draw((width as u32, height as u32), &drawn, stride, damage);
    Ok(())
}

/// What GTK wants drawn anew, in pixels.
fn damage(screen: &Context, scale: i32) -> Result<Area, gtk::cairo::Error> {
    let (left, top, right, bottom) = screen.clip_extents()?;
    let scale = f64::from(scale);
    let (x, y) = ((left * scale).floor().max(0.0), (top * scale).floor().max(0.0));
    Ok(Area {
        x: x as u32,
        y: y as u32,
        width: ((right * scale).ceil() - x).max(0.0) as u32,
        height: ((bottom * scale).ceil() - y).max(0.0) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_keeps_dying_is_begun_so_often_a_minute() {
        let mut reloads = Reloads::default();
        let mut now = Instant::now();
        let start = now;
        let mut begun = Vec::new();
        // It dies a second after each reload.
        while now < start + 3 * RELOADS_WITHIN {
            now += reloads.next(now);
            begun.push(now);
            now += Duration::from_secs(1);
        }
        assert!(begun.iter().take(RELOADS).zip(0..).all(|(at, seconds)| *at == start + Duration::from_secs(seconds)), "{begun:?}");
        assert_eq!(begun[RELOADS], start + RELOADS_WITHIN);
        assert!(begun.windows(RELOADS + 1).all(|some| some[RELOADS] - some[0] >= RELOADS_WITHIN), "{begun:?}");
    }

    #[test]
    fn one_that_dies_now_and_then_is_begun_at_once() {
        let mut reloads = Reloads::default();
        let now = Instant::now();
        assert!((0..100).all(|step| reloads.next(now + step * RELOADS_WITHIN / 4).is_zero()));
    }
}
