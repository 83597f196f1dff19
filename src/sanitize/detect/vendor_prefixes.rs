//! The prefixes by which vendors mark their tokens, as their documentation gives them.

/// What follows a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Letters and digits.
    Letters,
    /// Letters, digits, dashes and underlines.
    Name,
    /// A name, of which a part between dashes looks made by chance: the prefix alone says too little.
    Random,
    /// Names with dots between them.
    Dotted,
    /// Base64 of any alphabet.
    Base64,
    /// Hexadecimal digits, of some prefixes exactly so many.
    Hex(Option<usize>),
    /// Capital letters and digits.
    Capitals,
    /// Groups of capital letters and digits with dashes between them, the first of six.
    Groups,
}

/// A prefix and what makes it a token's.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) text: &'static [u8],
    pub(super) body: Body,
    /// The fewest characters of the body.
    pub(super) least: usize,
}

impl Prefix {
    /// True for one that no word has in its middle.
    pub(super) const fn anywhere(&self) -> bool {
        match self.body {
            Body::Capitals => true,
            Body::Name if self.is_of_github() => true,
            Body::Name | Body::Random | Body::Dotted => self.text.len() >= 7,
            _ => false,
        }
    }

    /// `ghp_` and its like, which words end in by chance (`high` does not).
    const fn is_of_github(&self) -> bool {
        matches!(*self.text, [b'g', b'h', _, b'_'])
    }

    /// True where `body` makes it a token's although it stands within a word.
    pub(super) fn is_sure(&self, body: &[u8]) -> bool {
        let capitals = || {
            body.iter()
                .take(16)
                .filter(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
                .count()
        };
        if self.is_of_github() {
            let long = &body[..body.len().min(30)];
            return long.len() == 30 && long.iter().all(u8::is_ascii_alphanumeric);
        }
        self.body != Body::Capitals || capitals() == 16
    }
}

/// All of them, in the order of their first byte.
#[rustfmt::skip]
pub(super) const PREFIXES: &[Prefix] = &[
    prefix("1//0", Body::Random, 20),
    prefix("AGE-SECRET-KEY-1", Body::Capitals, 10),
    prefix("AKCp", Body::Letters, 60),
    prefix("AQVN", Body::Name, 30),
    prefix("ATATT3", Body::Base64, 16),
    prefix("ATCTT3", Body::Base64, 16),
    prefix("ABIA", Body::Capitals, 10),
    prefix("ABSK", Body::Base64, 20),
    prefix("ACCA", Body::Capitals, 10),
    prefix("AIza", Body::Name, 16),
    prefix("AKIA", Body::Capitals, 10),
    prefix("AKID", Body::Letters, 16),
    prefix("ASIA", Body::Capitals, 10),
    prefix("ATBB", Body::Letters, 16),
    prefix("A3-", Body::Groups, 16),
    prefix("BBDC-", Body::Random, 30),
    prefix("CFPAT-", Body::Random, 30),
    prefix("CCIPAT_", Body::Name, 16),
    prefix("CCIPRJ_", Body::Name, 16),
    prefix("DO00", Body::Capitals, 16),
    prefix("EAAA", Body::Name, 22),
    prefix("EZAK", Body::Letters, 40),
    prefix("EZTK", Body::Letters, 40),
    prefix("EAA", Body::Letters, 60),
    prefix("FwoGZXIv", Body::Base64, 16),
    prefix("GR1348941", Body::Random, 16),
    prefix("GOCSPX-", Body::Name, 10),
    prefix("IQoJb3JpZ2lu", Body::Base64, 16),
    prefix("K00", Body::Random, 27),
    prefix("LTAI", Body::Letters, 16),
    prefix("NRAA-", Body::Letters, 16),
    prefix("NRAK-", Body::Letters, 16),
    prefix("PMAK-", Body::Random, 16),
    prefix("SG.", Body::Random, 16),
    prefix("SK", Body::Hex(Some(32)), 32),
    prefix("amzn1.oa2-cs.v1.", Body::Random, 16),
    prefix("apify_api_", Body::Name, 16),
    prefix("amzn.mws.", Body::Random, 16),
    prefix("api_org_", Body::Letters, 16),
    prefix("bkua_", Body::Letters, 16),
    prefix("cfat_", Body::Random, 30),
    prefix("csk-", Body::Random, 40),
    prefix("cal_live_", Body::Letters, 16),
    prefix("duffel_live_", Body::Name, 16),
    prefix("duffel_test_", Body::Name, 16),
    prefix("dckr_oat_", Body::Name, 10),
    prefix("dckr_pat_", Body::Name, 10),
    prefix("dp.audit.", Body::Dotted, 16),
    prefix("dp.scim.", Body::Dotted, 16),
    prefix("doo_v1_", Body::Letters, 16),
    prefix("dop_v1_", Body::Letters, 16),
    prefix("dor_v1_", Body::Letters, 16),
    prefix("dt0c01.", Body::Dotted, 16),
    prefix("dt0s01.", Body::Dotted, 16),
    prefix("dp.ct.", Body::Dotted, 16),
    prefix("dp.pt.", Body::Dotted, 16),
    prefix("dp.sa.", Body::Dotted, 16),
    prefix("dp.st.", Body::Dotted, 16),
    prefix("dapi", Body::Hex(None), 16),
    prefix("dkea", Body::Hex(None), 16),
    prefix("e2b_", Body::Hex(None), 32),
    prefix("eyJrIjoi", Body::Base64, 30),
    prefix("fc-", Body::Hex(Some(32)), 32),
    prefix("fw_", Body::Letters, 24),
    prefix("figd_", Body::Random, 16),
    prefix("figu_", Body::Random, 16),
    prefix("fm1a_", Body::Base64, 16),
    prefix("fm1r_", Body::Base64, 16),
    prefix("fm2_", Body::Base64, 16),
    prefix("fo1_", Body::Random, 16),
    prefix("gitlab_runner_", Body::Random, 16),
    prefix("github_pat_", Body::Name, 10),
    prefix("glagent-", Body::Dotted, 10),
    prefix("glffct-", Body::Dotted, 10),
    prefix("glsoat-", Body::Dotted, 10),
    prefix("glcbt-", Body::Dotted, 10),
    prefix("glimt-", Body::Dotted, 10),
    prefix("gloas-", Body::Dotted, 10),
    prefix("glpat-", Body::Dotted, 10),
    prefix("glptt-", Body::Dotted, 10),
    prefix("glrtr-", Body::Dotted, 10),
    prefix("gldt-", Body::Dotted, 10),
    prefix("glft-", Body::Dotted, 10),
    prefix("glrt-", Body::Dotted, 10),
    prefix("glsa_", Body::Random, 16),
    prefix("gho_", Body::Name, 10),
    prefix("ghp_", Body::Name, 10),
    prefix("ghr_", Body::Name, 10),
    prefix("ghs_", Body::Name, 10),
    prefix("ghu_", Body::Name, 10),
    prefix("glc_", Body::Base64, 16),
    prefix("gsk_", Body::Letters, 16),
    prefix("hvb.", Body::Random, 10),
    prefix("hvr.", Body::Random, 10),
    prefix("hvs.", Body::Random, 10),
    prefix("hf_", Body::Letters, 16),
    prefix("jina_", Body::Letters, 16),
    prefix("key-", Body::Hex(Some(32)), 32),
    prefix("lin_oauth_", Body::Letters, 16),
    prefix("lin_api_", Body::Letters, 16),
    prefix("lsv2_", Body::Random, 16),
    prefix("mfa.", Body::Name, 60),
    prefix("mdb_sa_sk_", Body::Random, 16),
    prefix("nvapi-", Body::Random, 16),
    prefix("nfp_", Body::Letters, 16),
    prefix("npm_", Body::Letters, 16),
    prefix("ntn_", Body::Letters, 16),
    prefix("oy2", Body::Letters, 43),
    prefix("ops_ey", Body::Base64, 16),
    prefix("pscale_oauth_", Body::Random, 16),
    prefix("pat-eu1-", Body::Random, 30),
    prefix("pat-na1-", Body::Random, 30),
    prefix("patch_live_", Body::Letters, 16),
    prefix("pscale_tkn_", Body::Random, 16),
    prefix("pscale_pw_", Body::Random, 16),
    prefix("pcsk_", Body::Random, 16),
    prefix("pplx-", Body::Letters, 16),
    prefix("pypi-", Body::Random, 16),
    prefix("phx_", Body::Letters, 16),
    prefix("pul-", Body::Hex(None), 32),
    prefix("rubygems_", Body::Letters, 16),
    prefix("rk_live_", Body::Name, 10),
    prefix("rk_test_", Body::Name, 10),
    prefix("rnd_", Body::Letters, 16),
    prefix("r8_", Body::Letters, 16),
    prefix("re_", Body::Random, 20),
    prefix("shippo_live_", Body::Name, 16),
    prefix("shippo_test_", Body::Name, 16),
    prefix("sk-svcacct-", Body::Random, 16),
    prefix("sb_secret_", Body::Random, 16),
    prefix("sk-admin-", Body::Random, 16),
    prefix("sk-or-v1-", Body::Random, 16),
    prefix("sk-proj-", Body::Random, 16),
    prefix("sk_live_", Body::Name, 10),
    prefix("sk_test_", Body::Name, 10),
    prefix("secret_", Body::Letters, 40),
    prefix("shptka_", Body::Letters, 16),
    prefix("sk-ant-", Body::Random, 16),
    prefix("sntrys_", Body::Base64, 16),
    prefix("sntryu_", Body::Hex(None), 16),
    prefix("sq0atp-", Body::Name, 10),
    prefix("sq0csp-", Body::Name, 10),
    prefix("shpat_", Body::Letters, 16),
    prefix("shpca_", Body::Letters, 16),
    prefix("shppa_", Body::Letters, 16),
    prefix("shpss_", Body::Letters, 16),
    prefix("sk-lf-", Body::Random, 16),
    prefix("sbp_", Body::Hex(None), 16),
    prefix("sgp_", Body::Letters, 16),
    prefix("sk-", Body::Random, 16),
    prefix("sk_", Body::Hex(None), 32),
    prefix("sl.", Body::Random, 60),
    prefix("t1.9eu", Body::Name, 40),
    prefix("tgp_v1_", Body::Name, 30),
    prefix("tskey-", Body::Random, 10),
    prefix("tvly-", Body::Random, 16),
    prefix("v1.0-", Body::Random, 100),
    prefix("vca_", Body::Letters, 16),
    prefix("vci_", Body::Letters, 16),
    prefix("vck_", Body::Letters, 16),
    prefix("vcp_", Body::Letters, 16),
    prefix("vcr_", Body::Letters, 16),
    prefix("waka_", Body::Random, 30),
    prefix("whsec_", Body::Base64, 16),
    prefix("xsmtpsib-", Body::Random, 16),
    prefix("xkeysib-", Body::Random, 16),
    prefix("xapp-", Body::Dotted, 10),
    prefix("xoxa-", Body::Dotted, 10),
    prefix("xoxb-", Body::Dotted, 10),
    prefix("xoxc-", Body::Dotted, 10),
    prefix("xoxd-", Body::Dotted, 10),
    prefix("xoxe-", Body::Dotted, 10),
    prefix("xoxe.", Body::Dotted, 10),
    prefix("xoxo-", Body::Dotted, 10),
    prefix("xoxp-", Body::Dotted, 10),
    prefix("xoxr-", Body::Dotted, 10),
    prefix("xoxs-", Body::Dotted, 10),
    prefix("xai-", Body::Letters, 16),
    prefix("y0_Ag", Body::Name, 40),
    prefix("ya29.", Body::Name, 10),
];

const fn prefix(text: &'static str, body: Body, least: usize) -> Prefix {
    let text = text.as_bytes();
    Prefix { text, body, least }
}
