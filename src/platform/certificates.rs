//! The certificates to trust in place of Mozilla's, out of the files that two variables name.

use std::path::Path;
use std::{env, fs, io};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tracing::warn;

/// Names a file with any number of certificates, as for OpenSSL.
const FILE: &str = "SSL_CERT_FILE";
/// Names folders of such files, with `:` between them, as for OpenSSL. What else is in a folder is passed over.
const FOLDERS: &str = "SSL_CERT_DIR";

/// The certificates that the environment names; `None` where it names none.
///
/// What is of no use is named, and nothing of what is in it: a private key or a token may have been named by mistake.
///
/// # Errors
///
/// Where there is no certificate in any of what is named.
pub(crate) fn of_environment() -> Result<Option<RootCertStore>, String> {
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
        return Err(format!("{FILE} and {FOLDERS} name no certificate: {}", useless.join("; ")));
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

/// The certificates in the files of a folder, and in those that its links lead to.
fn of_folder(folder: &Path) -> Result<Vec<CertificateDer<'static>>, io::Error> {
    let paths = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    // There may be files that are not for us.
    Ok(paths.filter(|path| path.is_file()).flat_map(|file| of_file(&file).unwrap_or_default()).collect())
}

/// The certificates in a file, without those that are damaged.
fn of_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, io::Error> {
    let text = text(&fs::read(file)?);
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok);
    Ok(certificates.filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok()).collect())
}

/// A text without the mark that editors and PowerShell put before it. Where files were joined, it stands in the middle.
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
