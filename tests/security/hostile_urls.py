"""URLs that must not be asked for; {port} stands for the canary's."""

# Every way to write an address that must not be reached. {port} is the canary's, so each hit would be counted.
_REFUSED = """
127.0.0.1 127.0.0.2 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 169.254.169.254 169.254.170.2
168.63.129.16 172.16.0.1 172.31.255.254 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.7
203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
[::] [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:169.254.169.254] [::127.0.0.1] [::ffff:0:127.0.0.1]
[64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::1] [64:ff9b:1:7f00:0:100::] [2002:7f00:1::] [2002:a9fe:a9fe::]
[2001:0:7f00:1::] [2001:db8::1] [2001:10::1] [3fff::1] [2606:4700::5efe:127.0.0.1] [2606:4700::200:5efe:10.0.0.1]
[fc00::1] [fd00:ec2::254] [fd20:ce::254] [fe80::1] [fec0::1] [ff02::1] [100::1] [5f00::1] [0:0:0:0:0:0:0:1]
"""
ADDRESSES = _REFUSED.split()

# Texts on which parsers disagree, and texts that are no URL.
ODD = [
    "http://127.1:{port}/", "http://127.0.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0x7f.1:{port}/", "http://017700000001:{port}/", "http://0177.0.0.1:{port}/", "http://127.0.0.0x1:{port}/",
    "http://0:{port}/", "http://127.0.0.1.:{port}/", "http://127.0.0.1..:{port}/", "http://１２７.0.0.1:{port}/",
    "http://127。0。0。1:{port}/", "http://①②⑦.0.0.1:{port}/", "http://%31%32%37.0.0.1:{port}/",
    "http://user@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/", "http://127.0.0.1:{port}@example.com/",
    "http://127.0.0.1:{port}#@example.com/", "http://example.com\\@127.0.0.1:{port}/", "http:/\\127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\", "http:/127.0.0.1:{port}/", "http:127.0.0.1:{port}/", "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/", "127.0.0.1:{port}", " http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/\r\nX: 1",
    "http://127.0.0.1\t:{port}/", "http://127.0.0.1\x00:{port}/", "http://[::1%25lo]:{port}/", "http://[::1%lo]:{port}/",
    "http://[::1:{port}/", "http://[127.0.0.1]:{port}/", "http://[v1.x]:{port}/", "http://127.0.0.1 :{port}/",
    "http://..:{port}/", "http://a..b:{port}/", "http://-\u00ad-:{port}/", "http://:{port}/", "http://", "http://?x",
    "ftp://127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "data:text/plain,x", "",
    "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http://127.0.0.1:８０８０/",
    "http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://localhost.:{port}/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "http://name.to.metadata:{port}/", "http://mixed.example:{port}/", "http://mapped.example:{port}/",
]  # fmt: skip

HOSTILE = [*(f"http://{address}:{{port}}/" for address in ADDRESSES), *ODD]
