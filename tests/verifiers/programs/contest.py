"""Programs for problems of LiveCodeBench: for each a right one, and one that is nearly right."""

RIGHT_AND_WRONG: dict[str, tuple[str, str]] = {
    "lcb-atcoder-abc374_a": (
        "print('Yes' if input().endswith('san') else 'No')\n",
        "print('yes' if input().endswith('san') else 'no')\n",
    ),
    "lcb-atcoder-abc374_b": (
        "s, t = input(), input()\n"
        "place = next((i + 1 for i, (a, b) in enumerate(zip(s, t)) if a != b), None)\n"
        "print(place or (0 if s == t else min(len(s), len(t)) + 1))\n",
        "s, t = input(), input()\n"
        "print(next((i + 1 for i, (a, b) in enumerate(zip(s, t)) if a != b), 0))\n",
    ),
    "lcb-atcoder-abc375_a": (
        "n = int(input())\ns = input()\nprint(sum(s[i : i + 3] == '#.#' for i in range(n - 2)))\n",
        "n = int(input())\ns = input()\nprint(s.count('#.#'))\n",
    ),
    "lcb-atcoder-abc376_a": (
        "n, c = map(int, input().split())\ncandies, last = 0, -(10**9)\n"
        "for t in map(int, input().split()):\n    if t - last >= c:\n"
        "        candies, last = candies + 1, t\nprint(candies)\n",
        "n, c = map(int, input().split())\ncandies, last = 0, -(10**9)\n"
        "for t in map(int, input().split()):\n    if t - last > c:\n"
        "        candies, last = candies + 1, t\nprint(candies)\n",
    ),
    "lcb-atcoder-abc377_a": (
        "if __name__ == '__main__':\n"
        "    print('Yes' if sorted(input()) == list('ABC') else 'No')\n",
        "print('Yes' if set(input()) <= set('ABC') else 'No')\n",
    ),
    "lcb-atcoder-abc377_b": (
        "import sys\nrows = sys.stdin.read().split()\n"
        "free = sum('#' not in row for row in rows)\n"
        "print(free * sum('#' not in column for column in zip(*rows)))\n",
        "import sys\nrows = sys.stdin.read().split()\n"
        "print(8 * sum('#' not in row for row in rows))\n",
    ),
    "lcb-atcoder-abc378_a": (
        "balls = input().split()\nprint(sum(balls.count(c) // 2 for c in set(balls)))\n",
        "balls = input().split()\nprint(len(balls) - len(set(balls)))\n",
    ),
    "lcb-atcoder-abc378_b": (
        "n = int(input())\nkinds = [tuple(map(int, input().split())) for _ in range(n)]\n"
        "for _ in range(int(input())):\n    t, d = map(int, input().split())\n"
        "    q, r = kinds[t - 1]\n    print(d + (r - d) % q)\n",
        "n = int(input())\nkinds = [tuple(map(int, input().split())) for _ in range(n)]\n"
        "for _ in range(int(input())):\n    t, d = map(int, input().split())\n"
        "    q, r = kinds[t - 1]\n    print(d + q - d % q + r)\n",
    ),
    "lcb-atcoder-abc379_a": (
        "a, b, c = input()\nprint(b + c + a, c + a + b)\n",
        "a, b, c = input()\nprint(b + c + a)\nprint(c + a + b)\n",
    ),
    "lcb-atcoder-abc379_b": (
        "n, k = map(int, input().split())\n"
        "print(sum(len(run) // k for run in input().split('X')))\n",
        "n, k = map(int, input().split())\nprint(input().count('O') // k)\n",
    ),
    "lcb-atcoder-abc380_b": (
        "print(*(len(run) for run in input().split('|')[1:-1]))\n",
        "print(*(len(run) for run in input().split('|')))\n",
    ),
    "lcb-leetcode-3610": (
        "class Solution:\n"
        "    def findXSum(self, nums: List[int], k: int, x: int) -> List[int]:\n"
        "        return [self.one(nums[i : i + k], x) for i in range(len(nums) - k + 1)]\n\n"
        "    def one(self, part, x):\n"
        "        top = sorted(((n, v) for v, n in Counter(part).items()), reverse=True)[:x]\n"
        "        return sum(n * v for n, v in top)\n",
        "class Solution:\n"
        "    def findXSum(self, nums: List[int], k: int, x: int) -> List[int]:\n"
        "        return [sum(n * v for v, n in Counter(nums[i : i + k]).most_common(x))\n"
        "                for i in range(len(nums) - k + 1)]\n",
    ),
    "lcb-leetcode-3636": (
        "class Solution:\n    def isBalanced(self, num: str) -> bool:\n"
        "        return sum(map(int, num[::2])) == sum(map(int, num[1::2]))\n",
        "class Solution:\n    def isBalanced(self, num: str) -> bool:\n"
        "        return sum(map(int, num)) % 2 == 0\n",
    ),
    "lcb-leetcode-3617": (
        "class Solution:\n    def possibleStringCount(self, word: str) -> int:\n"
        "        return 1 + sum(a == b for a, b in zip(word, word[1:]))\n",
        "class Solution:\n    def possibleStringCount(self, word: str) -> int:\n"
        "        return sum(a == b for a, b in zip(word, word[1:]))\n",
    ),
    "lcb-leetcode-3605": (
        "class Solution:\n    def minBitwiseArray(self, nums: List[int]) -> List[int]:\n"
        "        def least(n):\n"
        "            return next((a for a in range(n) if a | (a + 1) == n), -1)\n"
        "        return tuple(map(least, nums))\n",
        "class Solution:\n    def minBitwiseArray(self, nums: List[int]) -> List[int]:\n"
        "        return [n - 1 if n % 2 else -1 for n in nums]\n",
    ),
    "lcb-leetcode-3626": (
        "class Solution:\n    def smallestNumber(self, n: int, t: int) -> int:\n"
        "        while math.prod(map(int, str(n))) % t:\n            n += 1\n        return n\n",
        "class Solution:\n    def smallestNumber(self, n: int, t: int) -> int:\n"
        "        while sum(map(int, str(n))) % t:\n            n += 1\n        return n\n",
    ),
    "lcb-leetcode-3625": (
        "class Solution:\n"
        "    def canAliceWin(self, n: int) -> bool:\n        take, alice = 10, False\n"
        "        while n >= take:\n            n, take, alice = n - take, take - 1, not alice\n"
        "        return alice\n",
        "class Solution:\n    def canAliceWin(self, n: int) -> bool:\n        return True\n",
    ),
    "lcb-leetcode-3676": (
        "class Solution:\n    def smallestNumber(self, n: int) -> int:\n"
        "        return (1 << n.bit_length()) - 1\n",
        "class Solution:\n    def smallestNumber(self, n: int) -> int:\n"
        "        return 1 << n.bit_length()\n",
    ),
    "lcb-leetcode-3651": (
        "class Solution:\n    def constructTransformedArray(self, nums: List[int]) -> List[int]:\n"
        "        return [nums[(i + n) % len(nums)] for i, n in enumerate(nums)]\n",
        "class Solution:\n    def constructTransformedArray(self, nums: List[int]) -> List[int]:\n"
        "        return [nums[(i + abs(n)) % len(nums)] for i, n in enumerate(nums)]\n",
    ),
    "lcb-leetcode-3621": (
        "class Solution:\n    def minOperations(self, nums: List[int], k: int) -> int:\n"
        "        if min(nums) < k:\n            return -1\n"
        "        return len(set(nums) - {k})\n",
        "class Solution:\n    def minOperations(self, nums: List[int], k: int) -> int:\n"
        "        return len(set(nums) - {k})\n",
    ),
    "lcb-leetcode-3632": (
        "class Solution:\n    def buttonWithLongestTime(self, events: List[List[int]]) -> int:\n"
        "        before = 0\n        found = []\n        for index, time in events:\n"
        "            found.append((before - time, index))\n            before = time\n"
        "        return min(found)[1]\n",
        "class Solution:\n    def buttonWithLongestTime(self, events: List[List[int]]) -> int:\n"
        "        return max(events, key=lambda event: event[1])[0]\n",
    ),
    "lcb-leetcode-3656": (
        "class Solution:\n    def minimumOperations(self, nums: List[int]) -> int:\n"
        "        count = 0\n        while len(set(nums)) < len(nums):\n"
        "            nums, count = nums[3:], count + 1\n        return count\n",
        "class Solution:\n    def minimumOperations(self, nums: List[int]) -> int:\n"
        "        return len(nums) - len(set(nums))\n",
    ),
}
"""By problem of the local copy: standard input first, then methods."""
