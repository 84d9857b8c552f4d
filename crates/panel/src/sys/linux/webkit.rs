//! libwebkit2gtk, loaded with the first call of one of its functions, not with the program. It and what it needs are 100 libraries, whose linking takes 35 ms at each start, and
//! everything that is loaded after them, such as the drivers' LLVM, takes longer too, since each of its symbols is looked for in all of them. So the app's page, which needs
//! none of it, begins without.
//!
//! Each function that the program calls is defined here, as a jump to the one of the library. A function that is missing from the list still links, with the library itself, which
//! is then loaded at the start; `src-tauri/tests/window.rs` sees to it that none is.

#![expect(unsafe_code, reason = "a library is loaded, and its functions are jumped to")]

use std::ffi::{CStr, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};
use thiserror::Error;

/// What the program calls of the library, and of those that come with it. Its version comes first, which is no reason to load it.
macro_rules! functions {
    ($use:ident) => {
        $use! {
            webkit_get_major_version webkit_get_micro_version webkit_get_minor_version;
            jsc_value_to_json
            jsc_value_to_string
            webkit_application_info_new
            webkit_application_info_set_name
            webkit_application_info_set_version
            webkit_application_info_unref
            webkit_automation_session_set_application_info
            webkit_autoplay_policy_get_type
            webkit_cookie_manager_add_cookie
            webkit_cookie_manager_add_cookie_finish
            webkit_cookie_manager_delete_cookie
            webkit_cookie_manager_delete_cookie_finish
            webkit_cookie_manager_get_all_cookies
            webkit_cookie_manager_get_all_cookies_finish
            webkit_cookie_manager_get_cookies
            webkit_cookie_manager_get_cookies_finish
            webkit_cookie_manager_set_persistent_storage
            webkit_download_cancel
            webkit_download_get_destination
            webkit_download_get_request
            webkit_download_set_destination
            webkit_geolocation_permission_request_get_type
            webkit_input_method_context_set_enable_preedit
            webkit_javascript_result_get_js_value
            webkit_javascript_result_unref
            webkit_navigation_action_copy
            webkit_navigation_action_free
            webkit_navigation_action_get_request
            webkit_navigation_policy_decision_get_navigation_action
            webkit_navigation_policy_decision_get_type
            webkit_network_proxy_settings_free
            webkit_network_proxy_settings_new
            webkit_notification_permission_request_get_type
            webkit_permission_request_allow
            webkit_permission_request_deny
            webkit_pointer_lock_permission_request_get_type
            webkit_policy_decision_ignore
            webkit_policy_decision_use
            webkit_print_operation_new
            webkit_print_operation_run_dialog
            webkit_security_manager_register_uri_scheme_as_secure
            webkit_settings_set_enable_back_forward_navigation_gestures
            webkit_settings_set_enable_developer_extras
            webkit_settings_set_enable_javascript
            webkit_settings_set_enable_page_cache
            webkit_settings_set_enable_webaudio
            webkit_settings_set_enable_webgl
            webkit_settings_set_javascript_can_access_clipboard
            webkit_settings_set_user_agent
            webkit_uri_request_get_http_headers
            webkit_uri_request_get_type
            webkit_uri_request_get_uri
            webkit_uri_scheme_request_finish_error
            webkit_uri_scheme_request_finish_with_response
            webkit_uri_scheme_request_get_http_body
            webkit_uri_scheme_request_get_http_headers
            webkit_uri_scheme_request_get_http_method
            webkit_uri_scheme_request_get_uri
            webkit_uri_scheme_request_get_web_view
            webkit_uri_scheme_response_new
            webkit_uri_scheme_response_set_content_type
            webkit_uri_scheme_response_set_http_headers
            webkit_uri_scheme_response_set_status
            webkit_user_content_manager_add_script
            webkit_user_content_manager_get_type
            webkit_user_content_manager_new
            webkit_user_content_manager_register_script_message_handler
            webkit_user_media_permission_request_get_type
            webkit_user_script_new
            webkit_user_script_unref
            webkit_web_context_get_security_manager
            webkit_web_context_get_type
            webkit_web_context_get_website_data_manager
            webkit_web_context_new_ephemeral
            webkit_web_context_register_uri_scheme
            webkit_web_context_set_automation_allowed
            webkit_web_context_set_use_system_appearance_for_scrollbars
            webkit_web_context_set_web_extensions_directory
            webkit_web_view_evaluate_javascript
            webkit_web_view_evaluate_javascript_finish
            webkit_web_view_get_context
            webkit_web_view_get_input_method_context
            webkit_web_view_get_settings
            webkit_web_view_get_title
            webkit_web_view_get_type
            webkit_web_view_get_uri
            webkit_web_view_get_user_content_manager
            webkit_web_view_get_website_data_manager
            webkit_web_view_load_html
            webkit_web_view_load_request
            webkit_web_view_load_uri
            webkit_web_view_reload
            webkit_web_view_run_javascript
            webkit_web_view_run_javascript_finish
            webkit_web_view_set_background_color
            webkit_web_view_set_zoom_level
            webkit_website_data_manager_clear
            webkit_website_data_manager_clear_finish
            webkit_website_data_manager_get_cookie_manager
            webkit_website_data_manager_get_type
            webkit_website_data_manager_set_network_proxy_settings
            webkit_website_policies_get_type
        }
    };
}
use functions;

/// The library with the version of its interface that wry is written for.
const LIBRARY: &str = "libwebkit2gtk-4.1.so.0";

/// Why there can be no webview.
#[derive(Clone, Debug, Error)]
pub enum WebKitError {
    /// The library is not there or does not fit.
    #[error(
        "WebKitGTK cannot be loaded ({0}); on Debian and Ubuntu `apt install libwebkit2gtk-4.1-0` brings it, on Fedora `dnf install webkit2gtk4.1`"
    )]
    Library(String),
}

impl WebKitError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "NO_WEBKIT"
    }
}

/// Loads the library, if that was not done yet.
///
/// # Errors
/// When it is not installed, or lacks a function.
pub fn load_webkit() -> Result<(), WebKitError> {
    static LOADED: OnceLock<Result<(), WebKitError>> = OnceLock::new();
    LOADED.get_or_init(|| fill().map_err(|error| WebKitError::Library(error.to_string()))).clone()
}

fn fill() -> Result<(), libloading::Error> {
    // SAFETY: what the library does when it is loaded is what it would have done at the program's start.
    let library = unsafe { Library::open(Some(LIBRARY), RTLD_LAZY | RTLD_LOCAL)? };
    for (name, slot) in SLOTS {
        // SAFETY: a function of this name has the interface that the sys crates declare, since the library's name has the version of it.
        let function = unsafe { library.get::<*mut c_void>(name.to_bytes_with_nul())? };
        slot.store(function.into_raw(), Ordering::Release);
    }
    // GObject keeps types of it to the process' end.
    std::mem::forget(library);
    Ok(())
}

/// For a call that comes before anybody has loaded the library, and has no way to say that it cannot be.
extern "C" fn load_or_end() {
    if let Err(error) = load_webkit() {
        eprintln!("error[{}]: {error}", error.code());
        std::process::abort();
    }
}

/// Loads the library in the middle of a call, whose arguments stay where they are.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn enter() {
    // The registers that arguments come in: six of numbers, the count of vectors, eight vectors. `call` needs the stack at a multiple of 16.
    std::arch::naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "and rsp, -16",
        "sub rsp, 192",
        "mov [rsp], rdi",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "mov [rsp + 48], rax",
        "movups [rsp + 64], xmm0",
        "movups [rsp + 80], xmm1",
        "movups [rsp + 96], xmm2",
        "movups [rsp + 112], xmm3",
        "movups [rsp + 128], xmm4",
        "movups [rsp + 144], xmm5",
        "movups [rsp + 160], xmm6",
        "movups [rsp + 176], xmm7",
        "call {load}",
        "movups xmm7, [rsp + 176]",
        "movups xmm6, [rsp + 160]",
        "movups xmm5, [rsp + 144]",
        "movups xmm4, [rsp + 128]",
        "movups xmm3, [rsp + 112]",
        "movups xmm2, [rsp + 96]",
        "movups xmm1, [rsp + 80]",
        "movups xmm0, [rsp + 64]",
        "mov rax, [rsp + 48]",
        "mov r9, [rsp + 40]",
        "mov r8, [rsp + 32]",
        "mov rcx, [rsp + 24]",
        "mov rdx, [rsp + 16]",
        "mov rsi, [rsp + 8]",
        "mov rdi, [rsp]",
        "mov rsp, rbp",
        "pop rbp",
        "ret",
        load = sym load_or_end,
    )
}

/// As above.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn enter() {
    // The registers that arguments come in: eight of numbers, where a result goes, eight vectors; and where the jump came from, which the caller left in x17.
    std::arch::naked_asm!(
        "stp x29, x30, [sp, #-240]!",
        "mov x29, sp",
        "stp x0, x1, [sp, #16]",
        "stp x2, x3, [sp, #32]",
        "stp x4, x5, [sp, #48]",
        "stp x6, x7, [sp, #64]",
        "stp x8, x17, [sp, #80]",
        "stp q0, q1, [sp, #96]",
        "stp q2, q3, [sp, #128]",
        "stp q4, q5, [sp, #160]",
        "stp q6, q7, [sp, #192]",
        "bl {load}",
        "ldp q6, q7, [sp, #192]",
        "ldp q4, q5, [sp, #160]",
        "ldp q2, q3, [sp, #128]",
        "ldp q0, q1, [sp, #96]",
        "ldp x8, x17, [sp, #80]",
        "ldp x6, x7, [sp, #64]",
        "ldp x4, x5, [sp, #48]",
        "ldp x2, x3, [sp, #32]",
        "ldp x0, x1, [sp, #16]",
        "ldp x29, x30, [sp], #240",
        "br x17",
        load = sym load_or_end,
    )
}

/// Where the functions of the library lie; null until it is loaded.
mod slots {
    #![expect(non_upper_case_globals, reason = "each has the name of its function")]

    use super::{AtomicPtr, c_void};

    macro_rules! slots {
        ($($version:ident)*; $($name:ident)*) => {
            $(pub(super) static $version: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());)*
            $(pub(super) static $name: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());)*
        };
    }

    super::functions!(slots);
}

macro_rules! list {
    ($($version:ident)*; $($name:ident)*) => {
        list!($($version)* $($name)*);
    };
    ($($name:ident)*) => {
        const SLOTS: &[(&CStr, &AtomicPtr<c_void>)] = &[$((
            match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name without zeros"),
            },
            &slots::$name,
        )),*];
    };
}

functions!(list);

/// The library's version. Tauri asks for it as soon as it begins, to see whether there is a library.
mod versions {
    use super::{Ordering, c_void, slots};

    macro_rules! versions {
        ($($version:ident)*; $($name:ident)*) => {
            $(
                /// The library's answer, or zero until it is loaded.
                #[unsafe(no_mangle)]
                extern "C" fn $version() -> u32 {
                    let function = slots::$version.load(Ordering::Acquire);
                    if function.is_null() {
                        return 0;
                    }
                    // SAFETY: the function of this name in the library has this type.
                    let function = unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> u32>(function) };
                    function()
                }
            )*
        };
    }

    super::functions!(versions);
}

/// The functions themselves.
mod jumps {
    use super::{enter, slots};

    #[cfg(target_arch = "x86_64")]
    macro_rules! jump {
        ($slot:path) => {
            std::arch::naked_asm!(
                "2:",
                "mov r11, [rip + {slot}]",
                "test r11, r11",
                "jz 3f",
                "jmp r11",
                "3:",
                "call {enter}",
                "jmp 2b",
                slot = sym $slot,
                enter = sym enter,
            )
        };
    }

    #[cfg(target_arch = "aarch64")]
    macro_rules! jump {
        ($slot:path) => {
            std::arch::naked_asm!(
                "2:",
                "adrp x16, {slot}",
                "ldr x16, [x16, :lo12:{slot}]",
                "cbz x16, 3f",
                "br x16",
                "3:",
                "adr x17, 2b",
                "b {enter}",
                slot = sym $slot,
                enter = sym enter,
            )
        };
    }

    macro_rules! jumps {
        ($($version:ident)*; $($name:ident)*) => {
            $(
                /// Jumps to the library's.
                #[unsafe(no_mangle)]
                #[unsafe(naked)]
                unsafe extern "C" fn $name() {
                    jump!(slots::$name)
                }
            )*
        };
    }

    super::functions!(jumps);
}
