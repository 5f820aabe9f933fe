#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nginx with its keys behind signetd, set up as docs/clients/nginx.md says, its workers as www-data. openssl and curl, which know nothing of it, are the
# visitors; other users, and nginx outside of its unit, are refused.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/server.sh
. "$SIGNET_SOURCE/tests/clients/server.sh"
client_needs nginx curl
client_network

lab_begin client-nginx
server_begin nginx web www.example.org www-rsa www-ec
client_unit nginx.service
server_policy nginx
lab_signetd web=ready

# --- as the page says ------------------------------------------------------------------------------------------

dir=$LAB/nginx/signet
mkdir -p "$dir" "$LAB/nginx/www"
client_block nginx 'names a key and holds no secret' >"$LAB/key-files.sh"
lab_quietly sh -e "$LAB/key-files.sh"
server_openssl_conf nginx '/openssl.cnf`' "$dir/openssl.cnf"
cp "$LAB"/certificates/www-*.pem "$dir"
echo 'behind signetd' >"$LAB/nginx/www/index.html"

# configuration USER: nginx.conf, for workers of this user.
configuration() {
  cat <<END
user $1;
worker_processes 2;
daemon off;
pid $LAB/nginx/pid;
error_log stderr info;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $LAB/nginx/body;
  proxy_temp_path $LAB/nginx/proxy;
  fastcgi_temp_path $LAB/nginx/fastcgi;
  uwsgi_temp_path $LAB/nginx/uwsgi;
  scgi_temp_path $LAB/nginx/scgi;
$(client_block nginx '## The server' | sed "s,/var/www/html,$LAB/nginx/www,")
}
END
}
configuration www-data >"$LAB/nginx/nginx.conf"
configuration carol >"$LAB/nginx/carol.conf"
nginx=(env "OPENSSL_CONF=$dir/openssl.cnf" nginx -e stderr -p "$LAB/nginx")

# fetch OPTION...: the page.
fetch() {
  plain curl -sS --cacert "$LAB/certificates/ca.pem" --resolve www.example.org:443:127.0.0.1 "$@" https://www.example.org/ | grep -q 'behind signetd'
}

# many COUNT: so many new handshakes, four at a time.
many() {
  seq "$1" | plain xargs -P 4 -I N curl -sS -o /dev/null --cacert "$LAB/certificates/ca.pem" --resolve www.example.org:443:127.0.0.1 'https://www.example.org/?N'
}

check 'the configuration is right' "${client_unit[@]}" "${nginx[@]}" -t -c "$LAB/nginx/nginx.conf"
lab_start nginx "$LAB_USER" "${client_unit[@]}" "${nginx[@]}" -c "$LAB/nginx/nginx.conf"
client_await_server nginx 443
server_request nginx www-rsa.csr
server_handshakes www-rsa www-ec -connect 127.0.0.1:443
check 'a page' fetch
check '200 handshakes, four at a time' many 200
same 'the workers signed, as www-data' "$(server_signers www)" "$(id -u www-data)"

# --- signetd and nginx start again -----------------------------------------------------------------------------

lab_stop signetd
refuse 'without signetd there is no handshake, soon enough' 'curl: \(35\)' fetch -m 15
lab_signetd web=ready
check 'nginx goes on by itself when signetd is back' fetch
kill -HUP "${lab_pids[nginx]}"
check 'nginx reads its configuration again' client_await grep -q 'gracefully shutting down' "$LAB/log/nginx"
check 'and goes on' many 20
lab_stop nginx

# --- who may not -----------------------------------------------------------------------------------------------

lab_start carol "$LAB_USER" "${client_unit[@]}" "${nginx[@]}" -c "$LAB/nginx/carol.conf"
client_await_server carol 443
refuse 'workers of another user make no handshake' 'curl: \(35\)' fetch
check 'and say why' grep -E 'not authorized|no such key' "$LAB/log/carol"
lab_stop carol
if [ ${#client_unit[@]} -gt 0 ]; then
  refuse 'nginx outside of its unit has no key' 'no such key' "${nginx[@]}" -t -c "$LAB/nginx/nginx.conf"
fi
server_refused www-rsa carol "$dir/www-rsa.key"
refuse 'without its openssl.cnf it does not know such files' 'cannot load certificate key .*unsupported' \
  "${client_unit[@]}" nginx -e stderr -p "$LAB/nginx" -t -c "$LAB/nginx/nginx.conf"
lab_config_policy </dev/null
signetctl policy reload
refuse 'without the rule nginx does not start' 'no such key' "${client_unit[@]}" "${nginx[@]}" -t -c "$LAB/nginx/nginx.conf"
check_done
