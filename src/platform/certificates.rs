//! The certificates to trust instead of Mozilla's, from the files that two environment variables name.

use std::path::Path;
use std::{env, fs, io};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tracing::warn;

/// Names a file with any number of certificates, as for OpenSSL.
const FILE: &str = "SSL_CERT_FILE";
/// Names folders of such files, with `:` between them, as for OpenSSL. Other files in a folder are ignored.
const FOLDERS: &str = "SSL_CERT_DIR";

/// The variables name no usable certificate. Holds the files' paths and nothing of their content, because a private key
/// or a token may have been named by mistake.
#[derive(Debug, thiserror::Error)]
#[error("{FILE} and {FOLDERS} name no certificate: {0}")]
pub(crate) struct NoCertificates(String);

/// The certificates that the environment names; `None` if it names none.
///
/// A file that cannot be used is logged by its path.
///
/// # Errors
///
/// If there is no certificate in any of the files.
pub(crate) fn of_environment() -> Result<Option<RootCertStore>, NoCertificates> {
    let [file, folders] = [FILE, FOLDERS].map(|name| env::var_os(name).filter(|value| !value.is_empty()));
    if file.is_none() && folders.is_none() {
        return Ok(None);
    }
    let mut found = Vec::new();
    let mut useless = Vec::new();
    let mut take = |place: &Path, read: Result<Vec<_>, io::Error>| match read {
        Ok(certificates) if certificates.is_empty() => {
            useless.push(format!("{} has no certificate in PEM form that can be read", place.display()));
        }
        Ok(certificates) => found.extend(certificates),
        Err(error) => useless.push(format!("{} cannot be read: {error}", place.display())),
    };
    if let Some(file) = file.as_deref().map(Path::new) {
        take(file, of_file(file));
    }
    for folder in folders.iter().flat_map(env::split_paths).filter(|folder| folder != Path::new("")) {
        take(&folder, of_folder(&folder));
    }
    if found.is_empty() {
        return Err(NoCertificates(useless.join("; ")));
    }
    for why in useless {
        warn!("of {FILE} and {FOLDERS}, {why}; the other certificates are used");
    }
    found.sort_unstable_by(|one, other| one.cmp(other));
    found.dedup();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found);
    Ok(Some(roots))
}

/// The certificates in a folder's files, links included.
fn of_folder(folder: &Path) -> Result<Vec<CertificateDer<'static>>, io::Error> {
    let paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths.filter(|path| path.is_file()).flat_map(|file| of_file(&file).unwrap_or_default()).collect())
}

/// The certificates in a file. Damaged ones are left out.
fn of_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, io::Error> {
    let text = text(&fs::read(file)?);
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
    Ok(certificates.filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok()).collect())
}

/// A text without byte order marks. Editors and PowerShell put one at the start; joined files have them in the middle.
fn text(bytes: &[u8]) -> String {
    let utf_16 = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xFF, 0xFE, ..] => utf_16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf_16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.replace('\u{feff}', "")
}
