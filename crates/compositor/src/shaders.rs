//! The WGSL of each pass, and the test that its records are those of [`crate::uniform`].

/// A pass's shader: `common.wgsl` in front, then its own file, unless it stands alone.
pub(crate) struct Shader {
    /// The file's name, which is the pass's.
    pub(crate) name: &'static str,
    /// What the device compiles.
    pub(crate) source: &'static str,
}

macro_rules! shader {
    ($name:literal, shared) => {
        Shader {
            name: $name,
            source: concat!(include_str!("../../../shaders/common.wgsl"), include_str!(concat!("../../../shaders/", $name, ".wgsl"))),
        }
    };
    ($name:literal, alone) => {
        Shader { name: $name, source: include_str!(concat!("../../../shaders/", $name, ".wgsl")) }
    };
}

pub(crate) const BACKGROUND: Shader = shader!("background", alone);
pub(crate) const POINTS: Shader = shader!("points", shared);
pub(crate) const LINES: Shader = shader!("lines", shared);
pub(crate) const MESH: Shader = shader!("mesh", shared);
pub(crate) const HEATMAP: Shader = shader!("heatmap", shared);
pub(crate) const IMAGE: Shader = shader!("image", shared);
pub(crate) const LAYER: Shader = shader!("layer", shared);
pub(crate) const HUD: Shader = shader!("hud", shared);
pub(crate) const PRESENT: Shader = shader!("present", alone);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uniform::{self, Attribute, Background, Item, Surface};
    use std::mem::{offset_of, size_of};

    const ALL: [Shader; 9] = [BACKGROUND, POINTS, LINES, MESH, HEATMAP, IMAGE, LAYER, HUD, PRESENT];

    fn module(shader: &Shader) -> naga::Module {
        let module = naga::front::wgsl::parse_str(shader.source)
            .unwrap_or_else(|error| panic!("{}: {}", shader.name, error.emit_to_string(shader.source)));
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
        if let Err(error) = validator.validate(&module) {
            panic!("{}: {}", shader.name, error.emit_to_string(shader.source));
        }
        module
    }

    #[test]
    fn every_pass_parses_and_validates_and_every_file_is_a_pass() {
        for shader in &ALL {
            let entries = module(shader).entry_points;
            let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
            assert_eq!(names, ["vertex", "fragment"], "{}", shader.name);
        }
        let mut files: Vec<_> = std::fs::read_dir("../../shaders")
            .expect("shaders/ is there")
            .map(|file| file.expect("readable").file_name().to_string_lossy().into_owned())
            .filter_map(|name| name.strip_suffix(".wgsl").map(str::to_owned))
            .filter(|name| name != "common")
            .collect();
        let mut known: Vec<_> = ALL.iter().map(|shader| shader.name.to_owned()).collect();
        files.sort();
        known.sort();
        assert_eq!(files, known);
    }

    /// Compares size and field offsets of a WGSL struct with those given.
    fn check(shader: &Shader, name: &str, size: usize, fields: &[(&str, usize)]) {
        let module = module(shader);
        let (_, found) = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some(name)).expect(name);
        let naga::TypeInner::Struct { members, span } = &found.inner else { panic!("{name} is no struct") };
        assert_eq!(*span as usize, size, "size of {name}");
        let theirs: Vec<_> = members.iter().map(|m| (m.name.as_deref().unwrap_or(""), m.offset as usize)).collect();
        assert_eq!(theirs, fields, "fields of {name}");
    }

    macro_rules! same {
        ($shader:expr, $type:ident { $($field:ident),* $(,)? }) => {
            check($shader, stringify!($type), size_of::<$type>(), &[$((stringify!($field), offset_of!($type, $field))),*])
        };
    }

    #[test]
    fn records_are_those_of_rust() {
        same!(&POINTS, Attribute { offset, stride, step, format });
        same!(
            &POINTS,
            Surface {
                transform,
                rect,
                clip,
                clip_radius,
                window,
                tint,
                light,
                ndc_per_pixel,
                radius,
                opacity,
                range,
                size,
                map,
                position,
                color,
                direction,
                count,
                flags,
                width,
                height,
            }
        );
        same!(&BACKGROUND, Background { start, end, axis });
        same!(&HUD, Item { rect, source, color, kind });
    }

    #[test]
    fn constants_are_those_of_rust() {
        let module = module(&POINTS);
        for (name, value) in uniform::CONSTANTS {
            let (_, constant) = module.constants.iter().find(|(_, c)| c.name.as_deref() == Some(name)).expect(name);
            let naga::Expression::Literal(naga::Literal::U32(theirs)) = module.global_expressions[constant.init] else {
                panic!("{name} is no u32")
            };
            assert_eq!(theirs, *value, "{name}");
        }
    }
}
