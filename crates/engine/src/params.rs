//! The app's parameters: declared in the manifest, moved by the page, read by the kernels at the start of a tick.

use serde::Serialize;

use crate::manifest::Param;

/// Current values in manifest order, each kept inside its declared range.
#[derive(Debug, Clone)]
pub struct Params {
    declared: Vec<Param>,
    values: Vec<f32>,
}

/// A change that was taken over, as recorded and as echoed to the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamChange {
    /// Name from the manifest.
    pub name: String,
    /// The value after clamping to the declared range.
    pub value: f32,
}

impl Params {
    /// Every parameter at its default.
    #[must_use]
    pub fn new(declared: &[Param]) -> Self {
        Self { values: declared.iter().map(|param| param.default).collect(), declared: declared.to_vec() }
    }

    /// Values in manifest order, as the kernels see them.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// What the manifest declares, in its order.
    #[must_use]
    pub fn declared(&self) -> &[Param] {
        &self.declared
    }

    /// Names in manifest order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.declared.iter().map(|param| param.name.clone()).collect()
    }

    /// Name and value of every parameter, as the page is told when it connects.
    pub fn changes(&self) -> impl Iterator<Item = ParamChange> + '_ {
        self.declared.iter().zip(&self.values).map(|(param, &value)| ParamChange { name: param.name.clone(), value })
    }

    /// Takes over a value, clamped to the declared range. `None` when the name is unknown or the value is not a number: the
    /// page is outside the sandbox's trust, so neither may reach a kernel.
    pub fn set(&mut self, name: &str, value: f64) -> Option<ParamChange> {
        let index = self.declared.iter().position(|param| param.name == name)?;
        if value.is_nan() {
            return None;
        }
        let param = &self.declared[index];
        // Narrowing is what the kernels' f32 asks for; infinities fall to the range's ends.
        let value = (value as f32).clamp(param.min, param.max);
        self.values[index] = value;
        Some(ParamChange { name: param.name.clone(), value })
    }

    /// Every parameter back at its default.
    pub fn reset(&mut self) {
        for (value, param) in self.values.iter_mut().zip(&self.declared) {
            *value = param.default;
        }
    }
}
