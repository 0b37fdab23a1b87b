#compdef sinkscope
# zsh completion of sinkscope, made by `sinkscope completion zsh`.
# Of each option: command, name (* stands for an argument), kind of value, choices, help; a dot where there is none.
typeset -g _sinkscope_table
_sinkscope_table=$(cat <<'TABLE'
@TABLE@
TABLE
)

_sinkscope_cached_models() {
  local hub=${HF_HUB_CACHE:-${HUGGINGFACE_HUB_CACHE:-${HF_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/huggingface}/hub}}
  local -a folders=($hub/models--*(N:t))
  folders=(${folders#models--})
  compadd -- ${folders//--//}
}

_sinkscope_value() {
  local kind=$1
  local -a choices=(${(s: :)2})
  case $kind in
    choice) compadd -- $choices ;;
    choices)
      compset -P '*,'
      [[ $PREFIX =~ '^blocks\.([0-9]+)\.' ]] && choices=(${choices//\*/$match[1]})  # hook points of one layer
      compadd -S '' -- $choices
      ;;
    model) _sinkscope_cached_models; _files -/ ;;
    folder) _files -/ ;;
    file) _files ;;
    files) compset -P '*,'; _files ;;
    *) _message 'value' ;;
  esac
}

_sinkscope() {
  local option=$words[CURRENT-1] command=. argument= argument_choices= word of name kind choices help
  local -a names commands
  for word in ${words[2,CURRENT-1]}; do
    [[ $word != -* ]] && { command=$word; break }
  done
  if [[ $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P 1 '*='
  fi
  while IFS=$'\t' read -r of name kind choices help; do
    [[ $of == "$command" ]] || continue
    if [[ $name == "$option" && $kind != flag && $kind != command ]]; then
      _sinkscope_value $kind "$choices"
      return
    fi
    case $name,$kind in
      *,command) commands+=("$name:$help") ;;
      \*,*) argument=$kind argument_choices=$choices ;;
      *) names+=("$name:$help") ;;
    esac
  done <<< "$_sinkscope_table"
  if [[ $PREFIX == -* ]]; then
    _describe -o option names
  elif [[ -n $argument ]]; then
    _sinkscope_value $argument "$argument_choices"
  elif [[ $command == . ]]; then
    _describe command commands
  else
    _describe -o option names
  fi
}

compdef _sinkscope sinkscope
[[ $funcstack[1] == _sinkscope ]] && _sinkscope "$@"  # taken from fpath, the file is the function's first call
