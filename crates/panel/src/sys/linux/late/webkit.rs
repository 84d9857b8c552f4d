//! What the programs call of WebKitGTK, and of what it is made of: JavaScriptCore, libsoup. In alphabetical order, after the functions of the version, which are written by hand.

use super::{CStr, Late, LibraryError, Slot, entry, jump, late, name};
use std::ffi::c_void;
use std::sync::atomic::Ordering;

late! {
    "libwebkit2gtk-4.1.so.0", LibraryError::WebKit, super::open_by_glib;
    webkit_get_major_version webkit_get_micro_version webkit_get_minor_version;
    jsc_value_to_json
    jsc_value_to_string
    soup_cookie_free
    soup_cookie_get_domain
    soup_cookie_get_expires
    soup_cookie_get_http_only
    soup_cookie_get_name
    soup_cookie_get_path
    soup_cookie_get_same_site_policy
    soup_cookie_get_secure
    soup_cookie_get_value
    soup_cookie_new
    soup_cookie_set_expires
    soup_cookie_set_http_only
    soup_cookie_set_same_site_policy
    soup_cookie_set_secure
    soup_message_headers_append
    soup_message_headers_foreach
    soup_message_headers_new
    soup_message_headers_ref
    soup_message_headers_unref
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
    webkit_web_inspector_close
    webkit_web_inspector_show
    webkit_web_view_evaluate_javascript
    webkit_web_view_evaluate_javascript_finish
    webkit_web_view_get_context
    webkit_web_view_get_input_method_context
    webkit_web_view_get_inspector
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

/// Tauri asks for the library's version as soon as it begins, to see whether there is a library. That is no reason to load it.
macro_rules! versions {
    ($($name:ident)*) => {
        $(
            /// The library's answer, or zero until it is loaded.
            #[unsafe(no_mangle)]
            extern "C" fn $name() -> u32 {
                let function = slots::$name.load(Ordering::Acquire);
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

versions!(webkit_get_major_version webkit_get_micro_version webkit_get_minor_version);
