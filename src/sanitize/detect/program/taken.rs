//! Which programs take secrets, and where.

/// Where a program takes a secret.
#[derive(Debug, Clone, Copy)]
pub(in crate::sanitize) enum Takes {
    /// Behind this option, in the same argument or the next one.
    Option(&'static str),
    /// Behind this option in the same argument: alone it makes the program ask.
    Attached(&'static str),
    /// Behind this option, once the word `login` was said.
    Login(&'static str),
    /// Behind this option, where this word is among the arguments.
    Told(&'static str, &'static str),
    /// In the argument of this option, behind the first of these signs.
    After(&'static str, char),
    /// In the argument of this option, behind the first of these signs, where this word is among the arguments.
    ToldAfter(&'static str, &'static str, char),
    /// In the argument of this option, where it begins so.
    Prefixed(&'static str, &'static str),
    /// In the first argument, between `/` and `@`.
    Connection,
    /// In the argument that stands so many places behind this word.
    Behind(&'static str, usize),
    /// The same, where it looks like a secret: the words are those of sentences too.
    MadeBehind(&'static str, usize),
    /// Behind options of single letters with `b` among them: the last of the words for a file, a user and a password, of
    /// which the first is left out where `n` is among the letters.
    Batch,
    /// In the second argument behind this word, or in the first where there is one alone.
    LastBehind(&'static str),
    /// Behind the second of these options, where what stands behind the first names a secret.
    NamedBy(&'static str, &'static str),
}

impl Takes {
    /// True where what stands behind the option's letter may be its value: `-pXk4pw`.
    pub(super) fn is_begun_by(self, argument: &str) -> bool {
        let (Self::Option(option) | Self::Attached(option) | Self::Login(option)) = self else {
            return false;
        };
        value_in(argument, option).is_some_and(|from| from < argument.len())
    }
}

/// Where the program of a name, a path or not, takes secrets.
pub(in crate::sanitize) fn taken_by(program: &str) -> &'static [Takes] {
    use Takes::{
        After, Attached, Batch, Behind, Connection, LastBehind, Login, MadeBehind, NamedBy, Option,
        Prefixed, Told, ToldAfter,
    };
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    match name.strip_suffix(".exe").unwrap_or(name) {
        "mysql" | "mysqldump" | "mysqladmin" | "mysqlimport" | "mysqlshow" | "mysqlcheck"
        | "mysqlsh" | "mariadb" | "mariadb-dump" | "mariadb-admin" | "xtrabackup" | "7z"
        | "7za" | "7zz" | "unrar" => &[Attached("-p")],
        "rar" => &[Attached("-hp"), Attached("-p")],
        "gh" | "glab" | "fly" | "flyctl" | "wrangler" => {
            &[Told("secret", "--body"), Told("secret", "-b")]
        }
        "aws" => &[
            Told("SecureString", "--value"),
            Behind("aws_secret_access_key", 1),
            Behind("aws_session_token", 1),
        ],
        "kubectl" | "kubecolor" => &[ToldAfter("secret", "--from-literal", '=')],
        "ansible-vault" => &[Behind("encrypt_string", 1)],
        "ssh-keygen" => &[Option("-N"), Option("-P")],
        "snmpwalk" | "snmpget" | "snmpbulkwalk" | "snmpset" | "snmptrap" => {
            &[Option("-A"), Option("-X"), Option("-c")]
        }
        "influx" => &[Option("-t")],
        "sshpass" | "mongo" | "mongosh" | "mongodump" | "mongorestore" | "mongoexport"
        | "mongoimport" | "mongostat" | "rdesktop" | "rabbitmqadmin" | "arangosh" => {
            &[Option("-p")]
        }
        "redis-cli" | "keydb-cli" | "valkey-cli" | "redis-benchmark" => {
            &[Option("-a"), LastBehind("AUTH"), LastBehind("auth")]
        }
        "ngrok" => &[Behind("authtoken", 1), Behind("add-authtoken", 1)],
        "snyk" | "railway" | "infracost" | "wandb" | "doppler" => {
            &[MadeBehind("auth", 1), MadeBehind("login", 1)]
        }
        "cargo" | "npm" | "vercel" | "netlify" | "hub" | "pulumi" => &[MadeBehind("login", 1)],
        "bw" => &[Behind("unlock", 1), MadeBehind("login", 2)],
        "net" => &[
            MadeBehind("user", 2),
            MadeBehind("use", 2),
            MadeBehind("use", 3),
            MadeBehind("use", 4),
        ],
        "schtasks" => &[Option("/rp"), Option("/RP")],
        "reg" | "REG" => &[NamedBy("/v", "/d")],
        "Set-ItemProperty" | "New-ItemProperty" => &[NamedBy("-Name", "-Value")],
        "psexec" | "psexec64" | "pspasswd" | "psloggedon" | "evil-winrm" | "smbmap" | "yt-dlp"
        | "youtube-dl" | "arcgis" | "expo" => &[Option("-p")],
        "winrs" => &[Attached("-p:"), Attached("/p:")],
        "useradd" | "usermod" => &[Option("-p")],
        "mc" => &[MadeBehind("set", 3), MadeBehind("set", 4)],
        "rclone" => &[Behind("obscure", 1)],
        "drush" => &[Behind("user:password", 2), Behind("upwd", 2)],
        "steamcmd" => &[Behind("+login", 2)],
        "dscl" => &[Behind("-passwd", 2)],
        "networksetup" => &[Behind("-setairportnetwork", 3)],
        "nuget" | "dotnet" => &[Option("-k"), MadeBehind("setApiKey", 1)],
        "doctl" => &[Option("-t")],
        "docker" | "podman" | "nerdctl" | "buildah" | "skopeo" | "helm" | "oras" | "crane"
        | "regctl" | "oc" | "cf" | "az" | "ibmcloud" | "argocd" => &[Login("-p")],
        "curl" => &[
            After("-u", ':'),
            After("--user", ':'),
            After("-U", ':'),
            After("--proxy-user", ':'),
            Option("--oauth2-bearer"),
            Option("--pass"),
        ],
        "http" | "https" | "xh" | "xhs" => &[After("-a", ':'), After("--auth", ':')],
        "lftp" => &[After("-u", ',')],
        "ldapsearch" | "ldapmodify" | "ldapadd" | "ldapdelete" | "ldapwhoami" | "ldappasswd"
        | "ldapcompare" => &[Option("-w")],
        "smbclient" | "smbget" | "rpcclient" | "winexe" => &[After("-U", '%')],
        "zip" | "unzip" | "zipcloak" | "sqlcmd" | "bcp" | "isql" | "osql" | "tsql"
        | "mosquitto_pub" | "mosquitto_sub" | "ipmitool" => &[Option("-P")],
        "openssl" => &[
            Prefixed("-passin", "pass:"),
            Prefixed("-passout", "pass:"),
            Prefixed("-pass", "pass:"),
            Option("-k"),
            Option("-K"),
        ],
        "keytool" | "jarsigner" | "apksigner" => &[
            Option("-storepass"),
            Option("-keypass"),
            Option("-srcstorepass"),
            Option("-deststorepass"),
            Option("-srckeypass"),
            Option("-destkeypass"),
            Option("-new"),
        ],
        "plink" | "pscp" | "psftp" | "putty" => &[Option("-pw")],
        "xfreerdp" | "xfreerdp3" | "wfreerdp" => &[Attached("/p:")],
        "sqlplus" | "impdp" | "expdp" | "sqlldr" | "rman" => &[Connection],
        "rabbitmqctl" => &[
            Behind("add_user", 2),
            Behind("change_password", 2),
            Behind("authenticate_user", 2),
        ],
        "vault" => &[Behind("login", 1), Behind("unseal", 1)],
        "wpa_passphrase" => &[Behind("wpa_passphrase", 2)],
        "htpasswd" | "mosquitto_passwd" => &[Batch],
        "security" | "kadmin" => &[Option("-w")],
        "twine" | "cqlsh" | "snowsql" | "crackmapexec" | "nxc" | "hydra" | "ftp" => &[Option("-p")],
        "ConvertTo-SecureString" => &[Behind("ConvertTo-SecureString", 1), Option("-String")],
        _ => &[],
    }
}

/// Where the value of an option begins that stands in the same argument.
pub(in crate::sanitize) fn value_in(argument: &str, option: &str) -> Option<usize> {
    let rest = argument.strip_prefix(option)?;
    if option.starts_with("--") || option.len() > 3 {
        return rest.starts_with('=').then_some(option.len() + 1);
    }
    // `-port` is no `-p` with a value; mysql's `-P` is another option.
    Some(option.len())
}
