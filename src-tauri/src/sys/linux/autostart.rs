//! Starting with the session: an entry in the folder that desktops read when a person logs in. The specifications are freedesktop.org's "Desktop Application
//! Autostart" and "Desktop Entry".

use std::error::Error;
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager as _};

/// The entry of one app, or of the shell without one.
pub(crate) struct Autostart {
    file: PathBuf,
    program: Result<PathBuf, std::io::Error>,
    app: Option<PathBuf>,
}

impl Autostart {
    /// `name` tells the entry from all others of this person.
    pub(crate) fn new(shell: &AppHandle, name: &str, app: Option<&Path>) -> Self {
        // An AppImage is mounted elsewhere each time.
        let program = shell.env().appimage.map_or_else(std::env::current_exe, |image| Ok(image.into()));
        Self { file: folder().join(format!("{name}.desktop")), program, app: app.map(Path::to_owned) }
    }

    /// Whether the session will start it. Desktops have switches of their own, which leave the entry where it is.
    pub(crate) fn is_on(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|entry| !entry.lines().any(|line| line.trim() == "Hidden=true"))
    }

    /// Adds the entry or takes it away.
    ///
    /// # Errors
    /// When the folder cannot be written to, or the entry cannot name what is to be started.
    pub(crate) fn set(&self, on: bool) -> Result<(), Box<dyn Error>> {
        if !on {
            return Ok(std::fs::remove_file(&self.file).or_else(|error| if self.file.exists() { Err(error) } else { Ok(()) })?);
        }
        let program = self.program.as_ref().map_err(ToString::to_string)?;
        let entry = entry(text(program)?, self.app.as_deref().map(text).transpose()?);
        std::fs::create_dir_all(folder())?;
        Ok(std::fs::write(&self.file, entry)?)
    }
}

/// `$XDG_CONFIG_HOME/autostart`, else `~/.config/autostart`.
fn folder() -> PathBuf {
    let chosen = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    chosen.or_else(|| std::env::home_dir().map(|home| home.join(".config"))).unwrap_or_default().join("autostart")
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("an entry for the session is UTF-8, which the path {} is not", path.display()))
}

fn entry(program: &str, app: Option<&str>) -> String {
    let exec = [Some(program), app].into_iter().flatten().map(argument).collect::<Vec<_>>().join(" ");
    let named = app.and_then(|app| Path::new(app).file_name()?.to_str()).map(|name| format!(" ({name})")).unwrap_or_default();
    format!(
        "[Desktop Entry]\nType=Application\nVersion=1.0\nName=wasm-engine{}\nExec={exec}\nIcon=wasm-engine-desktop\nTerminal=false\n",
        value(&named)
    )
}

/// A text as a value of the entry.
fn value(text: &str) -> String {
    text.replace('\\', r"\\").replace('\n', r"\n").replace('\r', r"\r").replace('\t', r"\t")
}

/// A text as one argument of `Exec`: quoted, with a backslash before what means something within quotes, and `%` doubled, which else begins a field code. All of that
/// is a value, in which backslashes are escaped once more.
fn argument(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', character]),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    value(&quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_as_the_specification_says() {
        assert_eq!(argument("/opt/my app"), r#""/opt/my app""#);
        assert_eq!(argument("100%f"), r#""100%%f""#);
        assert_eq!(argument(r#"a"b`c$d"#), r#""a\\"b\\`c\\$d""#);
        assert_eq!(argument(r"a\b"), r#""a\\\\b""#);
        assert_eq!(argument("a\nb"), r#""a\nb""#);
    }

    #[test]
    fn the_entry_is_what_glib_reads_from_it() {
        use gtk::glib::{KeyFile, KeyFileFlags, shell_parse_argv};

        let app = "/srv/My Apps 100% \"so\" \\ $HOME `x` ä\n%f/näh";
        let file = KeyFile::new();
        file.load_from_data(&entry("/opt/with space/shell", Some(app)), KeyFileFlags::NONE).expect("an entry");
        let read = |key: &str| file.string("Desktop Entry", key).expect("a value").to_string();
        let arguments = shell_parse_argv(read("Exec")).expect("arguments");
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_str().expect("UTF-8").replace("%%", "%")).collect();
        assert_eq!(arguments, ["/opt/with space/shell", app]);
        assert_eq!((read("Type"), read("Name")), ("Application".to_owned(), "wasm-engine (näh)".to_owned()));
    }
}
