//! The files that Servo asks its embedder for. Those of a browser, 2 MB of lists of the world's domains and a debugger of 32 KB of script, were read at each start, while
//! the document waited: 10 ms.

use std::path::PathBuf;

use servo::resources::{Resource, ResourceReaderMethods};
use servo::submit_resource_reader;

struct Resources;

submit_resource_reader!(&Resources);

impl ResourceReaderMethods for Resources {
    fn read(&self, file: Resource) -> Vec<u8> {
        match file {
            // A page reaches this machine alone, and no Bluetooth.
            Resource::BluetoothBlocklist | Resource::DomainList => Vec::new(),
            Resource::HstsPreloadList => fst::Map::default().into_fst().into_inner(),
            // There is no server for developer tools.
            Resource::DebuggerJS => Vec::new(),
            Resource::NetErrorHTML | Resource::BadCertHTML => include_bytes!("../../resources/neterror.html").to_vec(),
            Resource::CrashHTML => include_bytes!("../../resources/crash.html").to_vec(),
            Resource::JsonViewerHTML => include_bytes!("../../resources/json.html").to_vec(),
            Resource::BrokenImageIcon => include_bytes!("../../resources/broken-image.png").to_vec(),
            // Pages cannot go there.
            Resource::DirectoryListingHTML | Resource::AboutMemoryHTML => Vec::new(),
        }
    }

    fn sandbox_access_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn sandbox_access_files_dirs(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}
