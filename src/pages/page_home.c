/* page_home.c - the words of GET /, in English and Japanese. */
#include "pages/page.h"

const char *const page_home[] = {
    [HTTP_EN] =
	"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width\">"
	"<meta name=\"color-scheme\" content=\"light dark\">"
	"<title>dozo on {NAME}</title>"
	"<link rel=\"icon\" href=\"/favicon.ico\" type=\"image/svg+xml\">"
	"<link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>\n"
	"<h1>dozo</h1>\n"
	"<p class=\"lead\">A storehouse for your company's files: sealed, and kept at "
	"several sites before each upload is answered.</p>\n"
	"<h2>WebDAV address</h2>\n"
	"<p class=\"address\"><a href=\"/dav/\">{URL}/dav/</a></p>\n"
	"<p>The user name is <code>user@tenant</code>, such as "
	"<code>admin@demo</code>; the password is your password, or better an app "
	"password for each device.</p>\n",
    [HTTP_JA] =
	"<!doctype html>\n<html lang=\"ja\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width\">"
	"<meta name=\"color-scheme\" content=\"light dark\">"
	"<title>{NAME} の dozo</title>"
	"<link rel=\"icon\" href=\"/favicon.ico\" type=\"image/svg+xml\">"
	"<link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>\n"
	"<h1>dozo</h1>\n"
	"<p class=\"lead\">会社のファイルのための土蔵です。ファイルは暗号化され、"
	"アップロードの応答より前に複数の拠点に保存されます。</p>\n"
	"<h2>WebDAV アドレス</h2>\n"
	"<p class=\"address\"><a href=\"/dav/\">{URL}/dav/</a></p>\n"
	"<p>ユーザー名は <code>user@tenant</code> の形(例: <code>admin@demo</code>)"
	"です。パスワードには、ご自身のパスワード、またはできれば機器ごとの"
	"アプリパスワードを使ってください。</p>\n",
};

const char *const page_trust[] = {
    [HTTP_EN] =
	"<h2>Trust this server</h2>\n"
	"<p>Its certificate comes from a CA of its own. Get "
	"<a href=\"/ca.crt\" download>ca.crt</a>, compare its fingerprint with what "
	"your administrator tells you, and install it:</p>\n"
	"<dl><dt>Windows</dt><dd>In an administrator's command prompt: "
	"<code>certutil -addstore Root ca.crt</code></dd>"
	"<dt>macOS</dt><dd><code>sudo security add-trusted-cert -d -r trustRoot -k "
	"/Library/Keychains/System.keychain ca.crt</code></dd>"
	"<dt>Debian, Ubuntu</dt><dd><code>sudo cp ca.crt "
	"/usr/local/share/ca-certificates/dozo.crt &amp;&amp; sudo "
	"update-ca-certificates</code></dd>"
	"<dt>iPhone, iPad</dt><dd>Open ca.crt in Safari, install the profile in "
	"Settings, then switch it on under General, About, Certificate Trust "
	"Settings.</dd></dl>\n",
    [HTTP_JA] =
	"<h2>このサーバーを信頼する</h2>\n"
	"<p>証明書は、このサーバー自身の認証局が発行しています。"
	"<a href=\"/ca.crt\" download>ca.crt</a> をダウンロードし、"
	"管理者から知らされたフィンガープリントと照合してから、次の方法で"
	"インストールしてください。</p>\n"
	"<dl><dt>Windows</dt><dd>管理者のコマンドプロンプトで "
	"<code>certutil -addstore Root ca.crt</code></dd>"
	"<dt>macOS</dt><dd><code>sudo security add-trusted-cert -d -r trustRoot -k "
	"/Library/Keychains/System.keychain ca.crt</code></dd>"
	"<dt>Debian, Ubuntu</dt><dd><code>sudo cp ca.crt "
	"/usr/local/share/ca-certificates/dozo.crt &amp;&amp; sudo "
	"update-ca-certificates</code></dd>"
	"<dt>iPhone, iPad</dt><dd>Safari で ca.crt を開き、「設定」でプロファイルを"
	"インストールしたあと、「一般」「情報」「証明書信頼設定」で有効にします。"
	"</dd></dl>\n",
};

const char *const page_connect[] = {
    [HTTP_EN] =
	"<h2>Connect</h2>\n<dl>"
	"<dt>rclone</dt><dd><code>rclone config create dozo webdav "
	"url={URL}/dav vendor=owncloud user=admin@demo pass=PASSWORD "
	"--obscure</code><br>then <code>rclone lsf dozo:</code>. The vendor "
	"<code>owncloud</code> keeps dates and compares checksums.</dd>"
	"<dt>Windows Explorer</dt><dd>This PC, Map network drive, folder "
	"<code>\\\\{NAME}@SSL@{PORT}\\dav</code></dd>"
	"<dt>macOS Finder</dt><dd>Go, Connect to Server, "
	"<code>{URL}/dav/</code></dd>"
	"<dt>Linux</dt><dd>Files: <code>davs://{HOST}/dav/</code>; a mount: "
	"<code>sudo mount -t davfs {URL}/dav/ /mnt</code></dd></dl>\n"
	"<p class=\"note\">Explorer, Finder and davfs2 need locks to write, which "
	"this version does not have yet: they may show the files read-only.</p>\n"
	"<p class=\"note\"><a href=\"/api/v1/health\">State of this "
	"server</a></p>\n</main></body></html>\n",
    [HTTP_JA] =
	"<h2>接続する</h2>\n<dl>"
	"<dt>rclone</dt><dd><code>rclone config create dozo webdav "
	"url={URL}/dav vendor=owncloud user=admin@demo pass=PASSWORD "
	"--obscure</code><br>続いて <code>rclone lsf dozo:</code>。vendor を "
	"<code>owncloud</code> にすると、更新日時が保たれ、チェックサムで比較"
	"できます。</dd>"
	"<dt>Windows エクスプローラー</dt><dd>「PC」「ネットワークドライブの"
	"割り当て」で <code>\\\\{NAME}@SSL@{PORT}\\dav</code></dd>"
	"<dt>macOS Finder</dt><dd>「移動」「サーバへ接続」で "
	"<code>{URL}/dav/</code></dd>"
	"<dt>Linux</dt><dd>ファイルマネージャー: <code>davs://{HOST}/dav/</code>、"
	"マウント: <code>sudo mount -t davfs {URL}/dav/ /mnt</code></dd></dl>\n"
	"<p class=\"note\">エクスプローラー、Finder、davfs2 は書き込みにロックを必要と"
	"しますが、この版にはまだないため、読み取り専用になることがあります。</p>\n"
	"<p class=\"note\"><a href=\"/api/v1/health\">このサーバーの状態</a></p>\n"
	"</main></body></html>\n",
};

const char page_style[] =
    ":root{color-scheme:light dark;--ink:#1d2327;--paper:#fbfaf7;"
    "--line:#d9d4c7;--mark:#8a3b12;--quiet:#5b6169}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e6e1;--paper:#17191b;"
    "--line:#3a3d40;--mark:#e2a06f;--quiet:#a0a6ac}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:16px/1.65 system-ui,\"Hiragino Sans\",\"Noto Sans CJK JP\","
    "\"Yu Gothic UI\",sans-serif}\n"
    "main{max-width:46rem;margin:0 auto;padding:2rem 1.1rem 4rem}\n"
    "h1{font-size:2rem;letter-spacing:.04em;margin:0 0 .3rem;"
    "overflow-wrap:anywhere}\n"
    "h2{font-size:1.15rem;margin:2.2rem 0 .5rem;padding-bottom:.25rem;"
    "border-bottom:1px solid var(--line)}\n"
    ".lead{font-size:1.1rem;margin-top:0}\n"
    ".address{font-size:1.15rem;overflow-wrap:anywhere}\n"
    ".note{color:var(--quiet);font-size:.92rem}\n"
    "a{color:var(--mark)}\n"
    "code{font:.92em ui-monospace,Menlo,Consolas,monospace;"
    "background:color-mix(in srgb,var(--line) 40%,transparent);"
    "padding:.1em .35em;border-radius:4px;overflow-wrap:anywhere}\n"
    "dt{font-weight:600;margin-top:.9rem}\ndd{margin:.2rem 0 0}\n"
    "table{width:100%;border-collapse:collapse}\n"
    "th,td{text-align:left;padding:.35rem .6rem .35rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:anywhere}\n"
    "th:nth-child(2),td:nth-child(2){text-align:right;white-space:nowrap}\n"
    "td:nth-child(3){white-space:nowrap;color:var(--quiet)}\n";

const char page_icon[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">"
    "<path fill=\"#8a3b12\" d=\"M16 3 2 12v3h28v-3z\"/>"
    "<path fill=\"#d9d4c7\" d=\"M5 15h22v14H5z\"/>"
    "<path fill=\"#1d2327\" d=\"M12 19h8v10h-8z\"/></svg>\n";
