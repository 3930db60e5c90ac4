# The environment of packaging/run and packaging/test: made once, renewed when pyproject.toml or Python changes.
#
# Both read this file after setting `root`, the checkout's folder. It is plain POSIX sh, for dash, bash and macOS.
# All it says goes to stderr, because stdout belongs to the program.
#
# Files of its own inside .venv:
#   .dppix-made        this script made the folder, for the checkout whose path it holds: it may be made anew
#   .dppix-unfinished  an installation is under way, or was interrupted: the folder is not to be trusted
#   .dppix-run, -test  what the finished installation was made from; equal to `wanted` means nothing is to be done

venv=${root:?}/.venv

say() { printf 'dppix setup: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# ready KIND SYSTEM: the environment for KIND (run or test) is there and up to date when this returns.
# With SYSTEM=quiet the system's packages are looked at only when there is something to set up: a command that was
# set up before says nothing of its own.
ready() {
    kind=$1
    stamp=$venv/.dppix-$kind
    if all_there "$2"; then
        return 0
    fi
    take_lock
    if ! all_there "$2"; then # another call may just have made it
        nothing_missing || install_missing
        up_to_date || make_environment
    fi
    exec 9<&- # the lock ends here, not with the program
}

all_there() {
    up_to_date && { [ "$1" = quiet ] || nothing_missing; }
}

# What the installation depends on, as text. The text itself is the stamp: nothing to hash, no two alike.
wanted() {
    printf '%s\n' "$root"
    "$venv/bin/python" -I -S -c 'import sys; print(sys.version)' 2>/dev/null
    cat -- "$root/pyproject.toml"
}

up_to_date() {
    [ -f "$stamp" ] && [ ! -e "$venv/.dppix-unfinished" ] && [ "$(cat -- "$stamp")" = "$(wanted)" ]
}

# One setup at a time. The lock is on the folder packaging/, which needs no file of its own and survives a git pull;
# pip inherits it, so that it outlives this shell if only the shell is killed.
take_lock() {
    exec 9<"$root/packaging"
    lock -n || {
        say "another setup of this checkout is running; waiting for it"
        lock || fail "the checkout could not be locked"
    }
}

lock() {
    if command -v flock >/dev/null; then
        flock "$@" 9
    elif find_python; then # macOS has no flock command
        "$python" -I -S -c 'import fcntl, sys; fcntl.flock(9, fcntl.LOCK_EX | (fcntl.LOCK_NB if sys.argv[1:] else 0))' \
            "$@" 2>/dev/null
    fi
}

# The first Python of at least 3.11 on the path, one that can make environments before one that cannot.
find_python() {
    for modules in "sys, venv, ensurepip" sys; do
        for python in python3 python3.14 python3.13 python3.12 python3.11; do
            if "$python" -I -S -c "import $modules; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
                return 0
            fi
        done
    done
    return 1
}

# Sets `missing` to the Debian packages that this machine lacks, each found by what it brings and not by its name,
# which differs between releases (libglib2.0-0t64). The libraries are those that ldd names for QtWidgets, the
# platform plugins offscreen, xcb and wayland, and their OpenGL parts. libfontconfig1 brings a font.
nothing_missing() {
    missing=
    [ "$(uname -s)" = Linux ] || return 0
    [ -x "$venv/bin/python" ] || lacking_venv
    libraries=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null)
    [ -z "$libraries" ] || while read -r package library; do # no ldconfig, no knowledge: musl
        case $libraries in
        *"$library "*) ;;
        *) missing="$missing $package" ;;
        esac
    done <<'LIBRARIES'
libegl1 libEGL.so.1
libgl1 libGL.so.1
libglib2.0-0 libgthread-2.0.so.0
libdbus-1-3 libdbus-1.so.3
libfontconfig1 libfontconfig.so.1
libfreetype6 libfreetype.so.6
libx11-6 libX11.so.6
libx11-xcb1 libX11-xcb.so.1
libxkbcommon0 libxkbcommon.so.0
libxkbcommon-x11-0 libxkbcommon-x11.so.0
libxcb1 libxcb.so.1
libxcb-cursor0 libxcb-cursor.so.0
libxcb-glx0 libxcb-glx.so.0
libxcb-icccm4 libxcb-icccm.so.4
libxcb-image0 libxcb-image.so.0
libxcb-keysyms1 libxcb-keysyms.so.1
libxcb-randr0 libxcb-randr.so.0
libxcb-render0 libxcb-render.so.0
libxcb-render-util0 libxcb-render-util.so.0
libxcb-shape0 libxcb-shape.so.0
libxcb-shm0 libxcb-shm.so.0
libxcb-sync1 libxcb-sync.so.1
libxcb-util1 libxcb-util.so.1
libxcb-xfixes0 libxcb-xfixes.so.0
libxcb-xkb1 libxcb-xkb.so.1
libwayland-client0 libwayland-client.so.0
libwayland-cursor0 libwayland-cursor.so.0
libwayland-egl1 libwayland-egl.so.1
LIBRARIES
    [ "$(uname -m)" != x86_64 ] || lacking_linker
    [ "$kind" != test ] || command -v Xvfb >/dev/null || missing="$missing xvfb"
    [ -z "$missing" ]
}

# Debian keeps ensurepip out of python3 itself.
lacking_venv() {
    if ! find_python; then
        command -v python3 >/dev/null || missing="$missing python3-venv"
    elif ! "$python" -I -S -c 'import venv, ensurepip' 2>/dev/null; then
        missing="$missing $python-venv"
    fi
}

# PoCL links each kernel: with gcc, its libgcc and the C library's start files. Without them it ends the process, and
# the program leaves PoCL out.
lacking_linker() {
    if ! command -v gcc >/dev/null; then
        missing="$missing gcc libc6-dev"
    elif [ ! -e "$(gcc -print-file-name=crti.o)" ]; then
        missing="$missing libc6-dev"
    fi
}

install_missing() {
    if ! command -v apt-get >/dev/null; then
        say "this system lacks what Debian calls$missing; install its own packages of those if something fails"
        return 0
    fi
    by_hand="apt-get update && apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo_works; then
        as_root=sudo
    else
        say "needs root, once: $by_hand"
        return 0
    fi
    say "installing by apt:$missing"
    # shellcheck disable=SC2086 # no word or one; a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get -qq update
        apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@"
    ' apt $missing </dev/null >/dev/null 9<&- ||
        say "apt failed; going on with what is there. By hand: $by_hand"
}

# Without a password, or with one where somebody can type it.
sudo_works() {
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null </dev/null || { [ -t 2 ] && (: </dev/tty) 2>/dev/null; }
}

make_environment() {
    if [ -e "$venv" ]; then
        keep_or_remove_venv
    fi
    if [ ! -e "$venv" ]; then
        find_python ||
            fail "no Python 3.11 or newer on the path; install one (Debian 12, Ubuntu 24.04: apt-get install python3-venv)"
        "$python" -I -S -c 'import venv, ensurepip' 2>/dev/null ||
            fail "$python cannot make a virtual environment; install $python-venv"
        start_venv || fail "the virtual environment $venv could not be made"
    fi
    install_packages
}

start_venv() {
    mkdir -- "$venv" && printf '%s\n' "$root" >"$venv/.dppix-made" && touch -- "$venv/.dppix-unfinished" &&
        "$python" -I -m venv "$venv" >&2 </dev/null
}

# Keeps an environment that can be brought up to date, removes one that cannot, and never removes somebody else's.
keep_or_remove_venv() {
    if rmdir -- "$venv" 2>/dev/null; then # interrupted before its first file
        return 0
    fi
    if [ -e "$venv/.dppix-made" ]; then
        if [ "$(cat -- "$venv/.dppix-made")" = "$root" ] && [ ! -e "$venv/.dppix-unfinished" ] && venv_works; then
            return 0
        fi
        say "making $venv anew: it was interrupted, moved, or its Python is gone"
        rm -rf -- "$venv" || fail "$venv could not be removed"
    else
        venv_works || fail "$venv was made by somebody else and does not work; rename or remove it"
    fi
}

venv_works() {
    "$venv/bin/python" -I -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

install_packages() {
    extra=
    [ "$kind" != test ] || extra='[test]'
    quiet=--quiet
    [ ! -t 2 ] || quiet= # on a terminal pip shows how far it is
    say "installing Python packages into $venv (the first time this takes minutes)"
    # The stamp holds what pip was given, even if a git pull comes in between.
    if ! touch -- "$venv/.dppix-unfinished" || ! wanted >"$venv/.dppix-new"; then
        fail "$venv cannot be written to"
    fi
    # The checkout is named from inside, so that no character of its path can be misread.
    (cd -- "$root" && exec "$venv/bin/python" -I -m pip install --no-input --disable-pip-version-check $quiet \
        -e ".$extra" >&2 </dev/null)
    code=$?
    if [ "$code" != 0 ]; then
        # When pip came back by itself, and was not killed, an environment that was finished before still serves.
        [ "$code" -gt 128 ] || [ ! -e "$venv/.dppix-run" ] || rm -f -- "$venv/.dppix-unfinished"
        fail "pip could not install the packages (its reason stands above); run this again when that is mended"
    fi
    # What serves the tests serves the program too.
    [ "$kind" != test ] || cp -- "$venv/.dppix-new" "$venv/.dppix-test" || fail "$venv cannot be written to"
    mv -f -- "$venv/.dppix-new" "$venv/.dppix-run" || fail "$venv cannot be written to"
    rm -f -- "$venv/.dppix-unfinished"
}
