//! The OpenGL extensions for memory that another API allocated: `GL_EXT_memory_object` and `GL_EXT_memory_object_fd`.
//!
//! No function table on the way has them, so the few functions are loaded here.

#![expect(unsafe_code, reason = "loads and calls OpenGL extension functions")]

use std::collections::HashSet;
use std::ffi::c_void;

use glow::HasContext as _;

pub(crate) const DEDICATED_MEMORY_OBJECT: u32 = 0x9581;
pub(crate) const HANDLE_TYPE_OPAQUE_FD: u32 = 0x9586;
pub(crate) const TEXTURE_TILING: u32 = 0x9580;
pub(crate) const OPTIMAL_TILING: u32 = 0x9584;
const NUM_DEVICE_UUIDS: u32 = 0x9596;
const DEVICE_UUID: u32 = 0x9597;
const DRIVER_UUID: u32 = 0x9598;

const EXTENSIONS: [&str; 2] = ["GL_EXT_memory_object", "GL_EXT_memory_object_fd"];

/// Which device and driver an OpenGL context runs on. Memory can be shared only between equal ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlIdentity {
    /// The devices of the context, `GL_DEVICE_UUID_EXT`; mostly one.
    pub devices: Vec<[u8; 16]>,
    /// The driver, `GL_DRIVER_UUID_EXT`.
    pub driver: [u8; 16],
}

type CreateMemoryObjects = unsafe extern "system" fn(i32, *mut u32);
type DeleteMemoryObjects = unsafe extern "system" fn(i32, *const u32);
type MemoryObjectParameter = unsafe extern "system" fn(u32, u32, *const i32);
type ImportMemoryFd = unsafe extern "system" fn(u32, u64, u32, i32);
type TexStorageMem2D = unsafe extern "system" fn(u32, i32, u32, i32, i32, u32, u64);
type GetUnsignedBytes = unsafe extern "system" fn(u32, *mut u8);
type GetUnsignedBytesIndexed = unsafe extern "system" fn(u32, u32, *mut u8);
type GetIntegers = unsafe extern "system" fn(u32, *mut i32);

/// The functions, present only if the context has both extensions. To be called only while their context is current.
pub(crate) struct MemoryFunctions {
    pub(crate) create: CreateMemoryObjects,
    pub(crate) delete: DeleteMemoryObjects,
    pub(crate) parameter: MemoryObjectParameter,
    pub(crate) import_fd: ImportMemoryFd,
    pub(crate) tex_storage: TexStorageMem2D,
    bytes: GetUnsignedBytes,
    bytes_indexed: GetUnsignedBytesIndexed,
    integers: GetIntegers,
}

impl MemoryFunctions {
    /// Loads the functions; `None` if an extension or a function is missing.
    ///
    /// # Safety
    /// `load` returns null or the address of the function of that name, of the context of `gl`, which is current.
    pub(crate) unsafe fn load(gl: &glow::Context, load: impl Fn(&str) -> *const c_void) -> Option<Self> {
        let extensions: &HashSet<String> = gl.supported_extensions();
        if !EXTENSIONS.iter().all(|name| extensions.contains(*name)) {
            return None;
        }
        let find = |name: &str| {
            let address = load(name);
            (!address.is_null()).then_some(address)
        };
        // SAFETY: the addresses are not null, and the extensions' specifications give the functions these signatures.
        unsafe {
            Some(Self {
                create: std::mem::transmute::<*const c_void, CreateMemoryObjects>(find("glCreateMemoryObjectsEXT")?),
                delete: std::mem::transmute::<*const c_void, DeleteMemoryObjects>(find("glDeleteMemoryObjectsEXT")?),
                parameter: std::mem::transmute::<*const c_void, MemoryObjectParameter>(find("glMemoryObjectParameterivEXT")?),
                import_fd: std::mem::transmute::<*const c_void, ImportMemoryFd>(find("glImportMemoryFdEXT")?),
                tex_storage: std::mem::transmute::<*const c_void, TexStorageMem2D>(find("glTexStorageMem2DEXT")?),
                bytes: std::mem::transmute::<*const c_void, GetUnsignedBytes>(find("glGetUnsignedBytevEXT")?),
                bytes_indexed: std::mem::transmute::<*const c_void, GetUnsignedBytesIndexed>(find("glGetUnsignedBytei_vEXT")?),
                integers: std::mem::transmute::<*const c_void, GetIntegers>(find("glGetIntegerv")?),
            })
        }
    }

    /// Which device and driver the context runs on. The context must be current.
    pub(crate) fn identity(&self) -> GlIdentity {
        let mut count = 0;
        let mut driver = [0; 16];
        // SAFETY: the callers in this module make the context current; the queries write one integer and 16 bytes.
        unsafe {
            (self.integers)(NUM_DEVICE_UUIDS, &mut count);
            (self.bytes)(DRIVER_UUID, driver.as_mut_ptr());
        }
        // More than a handful of devices in one context is a driver's mistake, not a machine.
        let devices = (0..u32::try_from(count).unwrap_or(0).min(8))
            .map(|index| {
                let mut device = [0; 16];
                // SAFETY: as above; `index` is below the number the driver just named.
                unsafe { (self.bytes_indexed)(DEVICE_UUID, index, device.as_mut_ptr()) };
                device
            })
            .collect();
        GlIdentity { devices, driver }
    }
}
