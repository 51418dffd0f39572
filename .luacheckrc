std = "min"
max_line_length = 120
read_globals = { "jit", "ngx" }
include_files = { "**/*.lua", "lua/beartls/command" }
files["spec"] = { std = "min+busted" }
files["examples"] = { read_globals = { "arg" } }
exclude_files = { "lua/beartls/meta.lua" } -- declarations only
