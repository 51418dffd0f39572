-- Some hundreds of chains, each judged by us, OpenSSL and GnuTLS; `make differential` does thousands.
local chains = require "differential.chains"
local compare = require "differential.compare"
local faults = require "differential.faults"
local process = require "support.process"

local HOW_MANY = 220

describe("the verdict on generated chains", function()
  teardown(process.cleanup)

  it("is what it should be, and so is OpenSSL's and GnuTLS', but for differences that are explained", function()
    local report = compare.run(HOW_MANY, 1, 120)
    assert.equal("", table.concat(report.unexplained, "\n"))
    assert.is_true(report.valid > HOW_MANY / 8)
    assert.equal(HOW_MANY, report.who.ours.asked)
    assert.equal(HOW_MANY, report.who.openssl.asked)
    assert.is_true(report.who.gnutls.asked > HOW_MANY / 2)
    for _, row in ipairs(faults) do
      assert.is_truthy(report.faults[row.name], "no chain has the fault " .. row.name)
    end
  end)

  it("is on the same chains for the same seed, and on others for another", function()
    local function about(seed)
      local list = {}
      for i, case in ipairs(chains.make(30, seed, 1780272000)) do
        list[i] = ("%s %s %s"):format(case.usage, tostring(case.host), table.concat(case.about, ","))
      end
      return table.concat(list, "\n")
    end
    assert.equal(about(7), about(7))
    assert.are_not.equal(about(7), about(8))
  end)
end)
