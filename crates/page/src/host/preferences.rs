//! Servo's settings: what a page of an app may expect, and nothing that an app must not have.

use servo::{Opts, Preferences};

/// Options that Servo takes once per process.
pub(super) fn options() -> Opts {
    Opts {
        // A panic in one of Servo's script threads must not end the process.
        hard_fail: false,
        // A page keeps nothing on the disk behind the engine's back.
        config_dir: None,
        temporary_storage: true,
        ..Opts::default()
    }
}

/// Servo's defaults are those of a browser under test; apps expect more of the web platform, and less of the network.
pub(super) fn preferences(transparent: bool) -> Preferences {
    let alpha = if transparent { 0.0 } else { 1.0 };
    let mut preferences = Preferences {
        // Graphics.
        dom_webgpu_enabled: true,
        dom_webgl2_enabled: true,
        dom_offscreen_canvas_enabled: true,
        shell_background_color_rgba: [alpha; 4],
        // What is behind the text is not known when it is drawn, and neither is the order of the display's subpixels.
        gfx_subpixel_text_antialiasing_enabled: false,
        // Layout.
        layout_grid_enabled: true,
        layout_columns_enabled: true,
        layout_container_queries_enabled: true,
        layout_variable_fonts_enabled: true,
        // Scripts.
        dom_adoptedstylesheet_enabled: true,
        dom_async_clipboard_enabled: true,
        dom_composition_event_enabled: true,
        dom_exec_command_enabled: true,
        dom_fontface_enabled: true,
        dom_intersection_observer_enabled: true,
        dom_resize_observer_enabled: true,
        dom_visual_viewport_enabled: true,
        dom_web_animations_enabled: true,
        // Rights that a page does not have.
        dom_bluetooth_enabled: false,
        dom_geolocation_enabled: false,
        dom_notification_enabled: false,
        dom_webrtc_enabled: false,
        dom_webxr_enabled: false,
        dom_serviceworker_enabled: false,
        devtools_server_enabled: false,
        // The page's files come from this machine: nothing to cache, and no proxy on the way.
        network_http_cache_disabled: true,
        network_http_proxy_uri: String::new(),
        network_https_proxy_uri: String::new(),
        // Nothing that a page may reach speaks TLS, and the system's certificates take longer to read.
        network_use_webpki_roots: true,
        ..Preferences::default()
    };
    if cfg!(windows) {
        // Servo would take OpenGL there, which crashes.
        preferences.dom_webgpu_wgpu_backend = "dx12".to_owned();
    }
    preferences
}
