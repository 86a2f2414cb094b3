//! The networks that callers may come from.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Networks whose addresses may call; if there is none, every address may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedSources(Vec<IpNet>);

impl AllowedSources {
    /// Whether a caller with this address may call. An address that is not known may not, if networks are named.
    #[must_use]
    pub fn allow(&self, source: Option<&str>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some(address) = source.and_then(|source| source.parse::<IpAddr>().ok()) else { return false };
        // An IPv4 address may be written as one of IPv6, as in `::ffff:192.0.2.1`.
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for AllowedSources {
    type Err = Vec<String>;

    /// Reads networks such as `192.0.2.0/24` and single addresses, of IPv4 and IPv6, separated by commas or blanks.
    ///
    /// # Errors
    ///
    /// What is wrong with each word that is no network.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = text.split([',', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty());
        let (networks, mistakes): (Vec<_>, Vec<_>) = words.map(network).partition(Result::is_ok);
        if networks.is_empty() && mistakes.is_empty() && !text.trim().is_empty() {
            // Such as a comma between two empty variables. An empty list would let everybody in.
            return Err(vec![format!("{text:?} names no network")]);
        }
        if mistakes.is_empty() {
            Ok(Self(networks.into_iter().flatten().collect()))
        } else {
            Err(mistakes.into_iter().filter_map(Result::err).collect())
        }
    }
}

fn network(word: &str) -> Result<IpNet, String> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(address.to_canonical().into());
    }
    let network = word.parse::<IpNet>().map_err(|_| {
        format!("{word:?} is no network: write an address and a length, such as 192.0.2.0/24 or 2001:db8::/32")
    })?;
    // The caller's address is compared as one of IPv4, so such a network would contain nobody.
    if matches!(network, IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some()) {
        Err(format!("{word:?} is a network of IPv4 that is written as one of IPv6: write it as 192.0.2.0/24"))
    } else if network.addr() == network.network() {
        Ok(network)
    } else {
        Err(format!("{word:?} has an address inside of its network: write {}", network.trunc()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_networks_everybody_may_call() {
        for source in [Some("192.0.2.1"), Some("no address"), None] {
            assert!(AllowedSources::default().allow(source));
            assert!("".parse::<AllowedSources>().unwrap().allow(source));
        }
    }

    #[test]
    fn networks_of_both_versions_let_in_what_is_in_them() {
        let sources: AllowedSources = "192.0.2.0/24, 198.51.100.7 ::ffff:198.51.100.9 2001:db8::/32".parse().unwrap();
        for source in ["192.0.2.0", "192.0.2.255", "198.51.100.7", "198.51.100.9", "2001:db8::1", "::ffff:192.0.2.9"] {
            assert!(sources.allow(Some(source)), "{source}");
        }
        for source in ["192.0.3.0", "198.51.100.8", "2001:db9::1", "::1", "", "192.0.2.1, 203.0.113.9"] {
            assert!(!sources.allow(Some(source)), "{source}");
        }
        assert!(!sources.allow(None));
        assert!("0.0.0.0/0".parse::<AllowedSources>().unwrap().allow(Some("203.0.113.9")));
        assert!(!"0.0.0.0/0".parse::<AllowedSources>().unwrap().allow(Some("2001:db8::1")));
    }

    #[test]
    fn every_mistake_is_told() {
        let mistakes = "192.0.2.0/33,office,192.0.2.5/24,192.0.2.0/24".parse::<AllowedSources>().unwrap_err();
        assert!("::ffff:192.0.2.0/120".parse::<AllowedSources>().is_err());
        for nothing in [",", " , ", ",,"] {
            assert_eq!(nothing.parse::<AllowedSources>().unwrap_err().len(), 1, "{nothing:?}");
        }
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(mistakes[1].contains("\"office\" is no network"));
        assert!(mistakes[2].ends_with("write 192.0.2.0/24"));
    }
}
