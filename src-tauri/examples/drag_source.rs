//! Another program, for the tests of the shell: its window is dragged from, and what is dragged is the file whose path it was started with.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use gtk::prelude::*;

    let path = std::env::args_os().nth(1).ok_or("usage: drag_source PATH")?;
    let uri = gtk::glib::filename_to_uri(path, None)?;
    gtk::init()?;
    let window = gtk::Window::new(gtk::WindowType::Toplevel);
    window.set_default_size(200, 100);
    let handle = gtk::EventBox::new();
    window.add(&handle);
    handle.drag_source_set(gtk::gdk::ModifierType::BUTTON1_MASK, &[], gtk::gdk::DragAction::COPY);
    handle.drag_source_add_uri_targets();
    handle.connect_drag_data_get(move |_, _, data, _, _| {
        data.set_uris(&[&uri]);
    });
    window.connect_destroy(|_| gtk::main_quit());
    window.show_all();
    gtk::main();
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
